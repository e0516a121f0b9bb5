/**
 * What an environment costs: a platform that knows 200 services (none of them runs: that is no environment's), in which so
 * many environments are created one after the other, by the procedure that the console and the command use. How long each takes until the gateway knows it, which processes are
 * started for it, and what the runtime and the gateway grow by (what they hold after collecting garbage, and their PSS).
 *
 * `node bench/environments.ts [--environments 500] [--services 200]`
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { prepareHome } from '#cli/server/home.ts'
import { newId } from '#contract/ids.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { runtimeApi } from '#contract/runtime-api.ts'
import { openDb } from '#db/open.ts'
import { environments, members, services, teams, users } from '#db/schema.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import { freePort } from '#e2e/platform/processes.ts'

const { values } = parseArgs({
  options: { environments: { type: 'string', default: '500' }, services: { type: 'string', default: '200' } },
})
const wanted = Number(values.environments)
/** As the platform starts them (cli/server/platform-programs.ts). */
const flags = {
  runtime: ['--max-semi-space-size=2', '--max-old-space-size=512'],
  gateway: ['--max-semi-space-size=8', '--max-old-space-size=256'],
}
const limit = { p99Ms: 50, processes: 0, kib: 10 }

await using cleanup = new AsyncDisposableStack()
const folder = mkdtempSync(join(tmpdir(), 'm3o-bench-environments-'))
cleanup.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
const database = cleanup.use(await temporaryDatabase())
const home = prepareHome(join(folder, 'home'))
const gatewayPort = await freePort()
const env: NodeJS.ProcessEnv = {
  ...database.environment,
  PATH: process.env.PATH,
  NODE_ENV: 'production',
  M3O_HOME: home.path,
  M3O_HOST: '127.0.0.1',
  M3O_PORT: '4000',
  M3O_GATEWAY_PORT: String(gatewayPort),
  M3O_SAMPLES: '0',
  M3O_LOG_LEVEL: 'error',
}

const opened = cleanup.use(openDb(database.options, 2))
const [ownerId, teamId, now] = [newId('user'), newId('team'), Date.now()]
await opened.db.insert(users).values({ id: ownerId, email: 'ann@example.com', name: 'Ann', createdAt: now })
await opened.db.insert(teams).values({ id: teamId, name: 'crew', createdAt: now })
await opened.db.insert(members).values({ teamId, userId: ownerId, role: 'owner', createdAt: now })
await opened.db
  .insert(environments)
  .values({ id: newId('environment'), teamId, name: 'production', kind: 'production', createdAt: now })
await opened.db.insert(services).values(
  Array.from({ length: Number(values.services) }, (_, n) => ({
    id: newId('service'),
    teamId,
    name: `s${n}`,
    ownerId,
    audience: { kind: 'team' as const },
    createdAt: now,
  })),
)

const runtime = await start('runtime')
const gateway = await start('gateway')
const rpc = createRpcClient(runtimeApi, join(home.run, 'runtime.sock'))
cleanup.defer(() => rpc.close())

// Warm: the first ones pay for what is compiled and read once.
for (let n = 0; n < 20; n++) await create(`warm${n}`)
const before = { processes: processesBelow(process.pid), ...(await held()) }
const times: number[] = []
for (let n = 0; n < wanted; n++) times.push(await create(`e${n}`))
const after = { processes: processesBelow(process.pid), ...(await held()) }

const sorted = times.toSorted((a, b) => a - b)
const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
const started = [...after.processes].filter((pid) => !before.processes.has(pid)).length
const kib = (after.heap - before.heap) / wanted
console.log(
  `${values.services} services, ${wanted} environments: created in p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, at most ${at(1).toFixed(1)} ms (reach ≤ ${limit.p99Ms} ms)`,
)
console.log(`processes started: ${started} (reach ${limit.processes})`)
console.log(
  `memory of each: ${kib.toFixed(1)} KiB held by runtime and gateway together (reach ≤ ${limit.kib} KiB); their PSS grew by ${((after.pss - before.pss) / wanted).toFixed(1)} KiB each`,
)
process.exitCode = at(0.99) <= limit.p99Ms && started <= limit.processes && kib <= limit.kib ? 0 : 1

async function create(name: string): Promise<number> {
  const began = performance.now()
  await rpc.call('environments.create', { teamId, name, parentId: null, ownerId })
  return performance.now() - began
}

/** With a door for its garbage: on SIGUSR2 it collects and says what it holds. */
async function start(name: 'runtime' | 'gateway'): Promise<ChildProcess> {
  const tell = `data:text/javascript,${encodeURIComponent("process.on('SIGUSR2', () => { for (let n = 0; n < 3; n++) gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }); process.stderr.write('held ' + process.memoryUsage().heapUsed + '\\n') })")}`
  const child = spawn(
    process.execPath,
    [...flags[name], '--disable-warning=ExperimentalWarning', '--expose-gc', '--import', tell, `${name}/main.ts`],
    { env, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  cleanup.defer(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (child.kill('SIGTERM')) await gone
  })
  for (const deadline = Date.now() + 30_000; !(await isHealthy(join(home.run, `${name}.sock`))); await delay(30)) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${name} did not start`)
  }
  return child
}

/** KiB. */
async function held(): Promise<{ heap: number; pss: number }> {
  const heaps = await Promise.all(
    [runtime, gateway].map(
      (child) =>
        new Promise<number>((resolve) => {
          let said = ''
          const listen = (part: Buffer) => {
            const [, bytes] = /held (\d+)/.exec((said += part.toString())) ?? []
            if (bytes === undefined) return
            child.stderr?.off('data', listen)
            resolve(Number(bytes) / 1024)
          }
          child.stderr?.on('data', listen)
          child.kill('SIGUSR2')
        }),
    ),
  )
  const pss = [runtime, gateway].map(({ pid }) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0),
  )
  const sum = (all: number[]) => all.reduce((total, each) => total + each, 0)
  return { heap: sum(heaps), pss: sum(pss) }
}

function processesBelow(pid: number): Set<number> {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      // Postgres forks for a connection, not for an environment.
      if (/^Name:\s+postgres/m.test(status)) continue
      const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0)
      children.set(parent, [...(children.get(parent) ?? []), Number(name)])
    } catch {
      // It has ended.
    }
  }
  const all = (at: number): number[] => (children.get(at) ?? []).flatMap((child) => [child, ...all(child)])
  return new Set(all(pid))
}

function isHealthy(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ socketPath, path: '/health' }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
      .on('error', () => resolve(false))
      .end()
  })
}
