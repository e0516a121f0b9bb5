/**
 * How many services the machine carries: `node bench/density.ts [--asleep 10000] [--awake 800]`. One service is deployed and put to
 * sleep; as many like it as wanted are written beside it, each with a repository, a revision, a deployment and a release of its
 * own, as if they had been deployed one by one (which takes a quarter of an hour). Then the runtime is killed, so that it reads
 * all of them: how long until it is ready (reach: 5 s), what the platform's processes take, how long the catalogue takes, and
 * what a call costs beside none and beside all of them. Some of them are woken, spread over all; then as many as wanted are,
 * and all of them are called again, in any order: none may fail. One team has all of them, so it is given more memory and processes than
 * the half of the machine that is one's by itself; each takes some 20 MiB once it is quiet, 16 GiB together.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { eq, ne } from 'drizzle-orm'
import { newId } from '#contract/ids.ts'
import { type Db, openDb } from '#db/open.ts'
import { deployments, documents, instances, releases, revisions, services } from '#db/schema.ts'
import { Shell } from '#e2e/stack/command.ts'
import { familiesOf, ofProcess, pssOf } from '#e2e/stack/families.ts'
import { hello } from '#e2e/stack/programs.ts'
import { type Stack, startStack } from '#e2e/stack/stack.ts'
import { until } from '#e2e/stack/until.ts'
import { sealedVariables } from '#runtime/instances/plan.ts'
import { openSeal } from '#runtime/variables/seal.ts'

const { values } = parseArgs({
  options: { asleep: { type: 'string', default: '10000' }, awake: { type: 'string', default: '800' } },
})
const [asleep, awake] = [Number(values.asleep), Number(values.awake)]
const reach = { bootMs: 5_000, catalogueMs: 1_500, slower: 1.5 }
/** A quiet one is looked at so often by itself (contract/rest.ts), and then once more. */
const restMs = 32_000
const manifest = { 'm3o.json': JSON.stringify({ idle: '2h', instances: { min: 0, max: 1 }, memory: '64MB' }) }
let missed = 0

const stack = await startStack({ samples: false, settings: { M3O_TEAM_MEMORY: '20GiB', M3O_TEAM_PROCESSES: '60000' } })
const agent = new Agent({ keepAlive: true, maxSockets: 8 })
try {
  await using shell = await Shell.ofAdmin(stack)
  await shell.deploy('first', { ...hello(), ...manifest })
  const { token } = await shell.json<{ token: string }>(['token', 'create', 'bench'])
  const call = (name: string) => answerOf(stack, token, name)
  const alone = await callsOf(() => call('first'), 1_500)
  const before = await memoryOf(stack)
  say('platform with one service', `${mib(sum(before))} MiB (${spokenMemory(before)})`)

  await using opened = openDb({ socketDir: join(stack.home, 'pg'), database: 'm3o', user: 'm3o' }, 2)
  const began = performance.now()
  const names = await multiply(opened.db, stack.home, asleep)
  say(`${asleep} services are written`, `in ${seconds(performance.now() - began)}`)

  const bootMs = await boots(stack)
  judge('the runtime, killed, is ready again', `${seconds(bootMs)}`, bootMs, reach.bootMs)
  await until('the gateway knows them', async () => (await call(names.at(-1) ?? 'first').catch(() => 0)) === 200, {
    withinMs: 30_000,
  })
  const with_ = await memoryOf(stack)
  say('platform with all of them', `${mib(sum(with_))} MiB (${spokenMemory(with_)})`)
  const catalogue = []
  for (let round = 0; round < 7; round++) catalogue.push(await catalogueOf(stack, token))
  const ms = median(catalogue.map((one) => one.ms))
  judge(
    `the catalogue of ${catalogue[0]?.count}`,
    `${Math.round(ms)} ms, ${(Number(catalogue[0]?.bytes) / 2 ** 20).toFixed(1)} MiB`,
    ms,
    reach.catalogueMs,
  )
  const beside = await callsOf(() => call('first'), 1_500)
  judge(
    'a call beside all of them',
    `p50 ${beside.p50.toFixed(2)} ms, beside none ${alone.p50.toFixed(2)} ms`,
    beside.p50 / alone.p50,
    reach.slower,
  )

  const spread = Array.from({ length: 40 }, (_, index) => names[Math.floor((index * names.length) / 40)] as string)
  const woken = await callEach(spread, call, 1)
  say(
    '40 of them, spread, are woken',
    `first answer p50 ${Math.round(woken.p50)} ms, p95 ${Math.round(woken.p95)} ms, ${woken.failed} failed`,
  )
  missed += woken.failed

  const wanted = names.filter((name) => !spread.includes(name)).slice(0, Math.max(0, awake - spread.length - 1))
  const up = performance.now()
  const rest = await callEach(wanted, call, 3)
  say(
    `${awake} are awake`,
    `in ${seconds(performance.now() - up)}, first answer p50 ${Math.round(rest.p50)} ms, p95 ${Math.round(rest.p95)} ms, ${rest.failed} failed`,
  )
  const all = [...spread, ...wanted]
  const again = await callEach(shuffled([...all, ...all, ...all, ...all, ...all]), call, 4)
  say(
    'calls over all of them',
    `p50 ${again.p50.toFixed(1)} ms, p95 ${again.p95.toFixed(1)} ms, p99 ${again.p99.toFixed(1)} ms, ${again.failed} of ${5 * all.length} failed`,
  )
  missed += rest.failed + again.failed
  const sandboxes = await sandboxesAtRest(opened.db)
  const last = await memoryOf(stack)
  say('the platform then', `${mib(sum(last))} MiB (${spokenMemory(last)})`)
  say(
    `${sandboxes.count} sandboxes`,
    `${mib(sandboxes.kiB)} MiB, ${(sandboxes.kiB / 1024 / Math.max(1, sandboxes.count)).toFixed(1)} MiB each; ${sandboxes.processes} processes, ${sandboxes.threads} threads; the machine has ${mib(availableKiB())} MiB left`,
  )
  if (sandboxes.count < awake) missed++
  const adoptMs = await boots(stack)
  judge('the runtime, killed, has all of them again', seconds(adoptMs), adoptMs, reach.bootMs)
  const adopted = await callEach(wanted.slice(0, 100), call, 4)
  say('a hundred of them are called', `${adopted.failed} failed`)
  missed += adopted.failed
  process.exitCode = missed === 0 ? 0 : 1
} finally {
  agent.destroy()
  await stack.stop().catch((error: unknown) => console.log(String(error).split('\n').slice(0, 3).join('\n')))
}

/** Writes services like the first one, asleep, and gives their names. */
async function multiply(db: Db, home: string, count: number): Promise<string[]> {
  const seal = await openSeal(home)
  const [service] = await db.select().from(services).where(eq(services.name, 'first'))
  if (service === undefined) throw new Error('the first service is not there')
  // Its documents are read a moment after it is live.
  const document = await until(
    'its documents are read',
    async () => (await db.select().from(documents).where(eq(documents.serviceId, service.id)))[0],
  )
  const [[revision], [deployment], [release]] = await Promise.all([
    db.select().from(revisions).where(eq(revisions.serviceId, service.id)),
    db.select().from(deployments).where(eq(deployments.serviceId, service.id)),
    db.select().from(releases).where(eq(releases.serviceId, service.id)),
  ])
  if (!revision || !deployment?.variables || !release) throw new Error('the first service was not deployed')
  const variables = seal.open(deployment.variables, sealedVariables(deployment.id))
  const made = Array.from({ length: count }, (_, index) => ({
    id: newId('service'),
    deploymentId: newId('deployment'),
    name: `copy-${index}`,
  }))
  for (let from = 0; from < count; from += 500) {
    const lot = made.slice(from, from + 500)
    for (const { id } of lot) linkTree(join(home, 'source', `${service.id}.git`), join(home, 'source', `${id}.git`))
    await db.transaction(async (tx) => {
      await tx
        .insert(services)
        .values(lot.map(({ id, name }) => ({ ...service, id, name, description: `Number ${name.slice(5)} of many.` })))
      await tx.insert(revisions).values(lot.map(({ id }) => ({ ...revision, serviceId: id })))
      await tx
        .insert(documents)
        .values(lot.map(({ id }) => ({ serviceId: id, commit: document.commit, text: document.text })))
      await tx.insert(deployments).values(
        lot.map(({ id, deploymentId }) => ({
          ...deployment,
          id: deploymentId,
          serviceId: id,
          watchedUntil: null,
          previousId: null,
          variables: seal.seal(variables, sealedVariables(deploymentId)),
        })),
      )
      await tx.insert(releases).values(lot.map(({ id, deploymentId }) => ({ ...release, serviceId: id, deploymentId })))
    })
  }
  return made.map(({ name }) => name)
}

function linkTree(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) linkTree(join(from, entry.name), join(to, entry.name))
    else linkSync(join(from, entry.name), join(to, entry.name))
  }
}

async function boots(at: Stack): Promise<number> {
  const before_ = await at.kill('runtime')
  const began_ = performance.now()
  await until(
    'the runtime is ready',
    async () => (await at.pidOf('runtime')) !== before_ && (await isWell(join(at.home, 'run/runtime.sock'))),
    { withinMs: 120_000, everyMs: 20 },
  )
  return performance.now() - began_
}

function isWell(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ socketPath, path: '/health' }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
      .on('error', () => resolve(false))
      .end()
  })
}

/** Its status. */
function answerOf(at: Stack, token: string, service: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(
      `${at.gatewayUrl}/v1/${service}/Hello`,
      {
        method: 'POST',
        agent,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': 12 },
      },
      (answer) => {
        answer
          .resume()
          .once('end', () => resolve(answer.statusCode ?? 0))
          .once('error', reject)
      },
    )
      .once('error', reject)
      .end('{"name":"a"}')
  })
}

async function callsOf(one: () => Promise<number>, times: number): Promise<{ p50: number }> {
  const took: number[] = []
  for (let time = 0; time < times; time++) {
    const from = performance.now()
    await one()
    took.push(performance.now() - from)
  }
  return { p50: median(took) }
}

/** Each once, so many at a time. */
async function callEach(
  names: readonly string[],
  call: (name: string) => Promise<number>,
  together: number,
): Promise<{ p50: number; p95: number; p99: number; failed: number }> {
  const took: number[] = []
  let failed = 0
  const queue = [...names]
  await Promise.all(
    Array.from({ length: together }, async () => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
        const from = performance.now()
        const status = await call(name).catch(() => 0)
        if (status !== 200) failed++
        took.push(performance.now() - from)
      }
    }),
  )
  took.sort((one, other) => one - other)
  const at = (share: number) => took[Math.floor(took.length * share)] ?? 0
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), failed }
}

async function catalogueOf(at: Stack, token: string): Promise<{ ms: number; bytes: number; count: number }> {
  const from = performance.now()
  const answer = await fetch(
    `${at.url}/api/trpc/services.catalogue?input=${encodeURIComponent(JSON.stringify({ team: 'demo', environment: 'production' }))}`,
    { headers: { authorization: `Bearer ${token}` } },
  )
  const text = await answer.text()
  const count = (JSON.parse(text) as { result: { data: unknown[] } }).result.data.length
  return { ms: performance.now() - from, bytes: text.length, count }
}

async function memoryOf(at: Stack): Promise<Map<string, number>> {
  return new Map(
    [...(await familiesOf(at))].map(([name, pids]) => [name, pids.reduce((total, pid) => total + pssOf(pid), 0)]),
  )
}

interface Sandboxes {
  count: number
  kiB: number
  processes: number
  threads: number
}

/** Once they have given back what their start and their calls left. */
async function sandboxesAtRest(db: Db): Promise<Sandboxes> {
  for (let before = Infinity; ;) {
    const now = await sandboxesOf(db)
    if (now.kiB > 0.99 * before) return now
    before = now.kiB
    await delay(restMs)
  }
}

/** What runs, each with the sandbox around it and all that is in it. */
async function sandboxesOf(db: Db): Promise<Sandboxes> {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), Number(/^PPid:\s+(\d+)/m.exec(ofProcess(name, 'status'))?.[1] ?? 0)]),
  )
  const isSandbox = (pid: number) => /(^|\/)bwrap\0/.test(ofProcess(pid, 'cmdline'))
  const tops = new Set<number>()
  for (const { pid } of await db.select({ pid: instances.pid }).from(instances).where(ne(instances.state, 'ended'))) {
    let top = pid ?? 0
    while (parents.has(top) && isSandbox(parents.get(top) ?? 0)) top = parents.get(top) ?? 0
    if (parents.has(top)) tops.add(top)
  }
  const isInside = (pid: number): boolean => tops.has(pid) || (parents.has(pid) && isInside(parents.get(pid) ?? 0))
  const inside = [...parents.keys()].filter(isInside)
  const total = (of: (pid: number) => number) => inside.reduce((all, pid) => all + of(pid), 0)
  return {
    count: tops.size,
    kiB: total(pssOf),
    processes: inside.length,
    threads: total((pid) => Number(/^Threads:\s+(\d+)/m.exec(ofProcess(pid, 'status'))?.[1] ?? 0)),
  }
}

function judge(what: string, figure: string, value: number, limit: number): void {
  const ratio = value / limit
  if (ratio > 1) missed++
  say(what, `${figure}: ${ratio.toFixed(2)} of the limit${ratio > 1 ? '  MISSED' : ''}`)
}

function say(what: string, figure: string): void {
  console.log(`${what.padEnd(44)} ${figure}`)
}

function availableKiB(): number {
  return Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0)
}

function shuffled<T>(all: T[]): T[] {
  for (let at = all.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    ;[all[at], all[other]] = [all[other] as T, all[at] as T]
  }
  return all
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN
}

function sum(memory: ReadonlyMap<string, number>): number {
  return [...memory.values()].reduce((total, kiB) => total + kiB, 0)
}

function spokenMemory(memory: ReadonlyMap<string, number>): string {
  return [...memory].map(([name, kiB]) => `${name} ${mib(kiB)}`).join(', ')
}

function mib(kiB: number): string {
  return (kiB / 1024).toFixed(0)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
