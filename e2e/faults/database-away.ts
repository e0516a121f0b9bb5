import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isPlatformError } from '#contract/errors.ts'
import { isUnderWay } from '#contract/states.ts'
import { startWebProcess, type WebProcess } from '../platform/web-process.ts'
import { type Inhabitant, type OnHome, startOnHome } from '../platform/on-home.ts'
import { freePort } from '../platform/processes.ts'
import { until, untilPossible } from '../stack/until.ts'
import { fault, type Finding } from './fault.ts'
import { Ledger } from './kept/ledger.ts'

/** How long it is away; shorter when little time is asked for. */
const longMs = 60_000
const shortMs = 6_000
const readableWithinMs = 6_000
const backWithinMs = 10_000
/** Of what waits meanwhile, in each process. */
const growthMiB = 96
const callEveryMs = 20

const counting = `let n = 0
setInterval(() => console.log('line ' + ++n), 10)
require('node:http').createServer((request, response) => response.end('here')).listen(process.env.PORT, process.env.HOST)`

export default fault({
  title:
    'The database is away, killed and then paused: calls are answered, the console says why, nothing is lost, all goes on by itself',
  full: 2,
  async *run(times) {
    const folder = await mkdtemp(join(tmpdir(), 'm3o-away-'))
    const platform = await startOnHome(join(folder, 'home'), { gatewayPort: await freePort() })
    try {
      const as = await platform.found()
      const ledger = new Ledger(as)
      await ledger.begin(platform)
      const counter = await platform.acts(as).deploy('counter', { 'index.js': counting })
      if (counter.state !== 'live') throw new Error(`counter: ${counter.error?.message}`)
      const all = { platform, as, ledger, counter, awayMs: times > 1 ? longMs : shortMs, answered: 0 }
      yield* away(all, 'killed')
      yield* away(all, 'paused')
      yield* counted(all)
    } finally {
      await platform.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  },
})

interface All {
  platform: OnHome
  as: Inhabitant
  ledger: Ledger
  counter: { serviceId: string; environmentId: string }
  awayMs: number
  answered: number
}

async function* away(all: All, how: 'killed' | 'paused'): AsyncIterable<Finding> {
  const { platform, as, ledger, awayMs } = all
  await using web = await startWebProcess(platform, as)
  const begun = pidsOf(platform, web)
  const over = new AbortController()
  const failed: string[] = []
  const calling = call(all, over.signal, failed)
  const working = ledger.work(platform, over.signal)
  await delay(1_000)
  const before = await memoryOf(platform, web)
  const pid = Number.parseInt(await readFile(join(platform.home.run, 'postgres.pid'), 'utf8'), 10)
  const paused = [pid, ...childrenOf(pid)]
  if (how === 'paused') for (const pid of paused) process.kill(pid, 'SIGSTOP')
  else await platform.postgres.stop(0)
  const at = performance.now()
  const told: { by: string; code: string; text: string; ms: number }[] = []
  while (performance.now() < at + awayMs) {
    for (const [by, ask] of Object.entries({
      runtime: () => platform.rpc.call('environments.list', { teamId: as.teamId }),
      console: () => web.ask('environments.list', { team: 'crew' }),
    })) {
      const began = performance.now()
      const error: unknown = await ask().then(
        () => 'answered',
        (refusal: unknown) => refusal,
      )
      told.push({
        by,
        ...(isPlatformError(error)
          ? { code: error.code, text: `${error.message}. ${error.fix ?? ''}` }
          : { code: String(error), text: '' }),
        ms: performance.now() - began,
      })
    }
    await delay(300)
  }
  const after = await memoryOf(platform, web)
  const began = performance.now()
  if (how === 'paused') for (const pid of paused) process.kill(pid, 'SIGCONT')
  else await platform.postgres.start()
  const backMs = await untilPossible(
    'a change is taken',
    async () => {
      await platform.rpc.call('variables.set', { ...all.counter, name: 'BACK', value: how, secret: false })
      await web.ask('environments.list', { team: 'crew' })
      return performance.now() - began
    },
    { withinMs: 60_000 },
  ).catch(() => Infinity)
  await delay(1_000)
  over.abort()
  await Promise.all([calling, working])

  yield {
    what: `${how}: calls go on being answered`,
    held: failed.length === 0,
    measured: `${all.answered} answered, ${failed.length} failed ${failed[0] ?? ''}`,
  }
  for (const by of ['runtime', 'console']) {
    const own = told.filter((one) => one.by === by)
    const unreadable = own.filter(
      ({ code, text, ms }) => code !== 'unavailable' || text.endsWith('. ') || ms > readableWithinMs,
    )
    yield {
      what: `${how}: the ${by} says so within ${readableWithinMs / 1000} s`,
      held: unreadable.length === 0 && own.length > 0,
      measured: `${own.length} times, the slowest after ${Math.round(Math.max(...own.map(({ ms }) => ms)))} ms: ${unreadable[0] === undefined ? own[0]?.text : JSON.stringify(unreadable[0])}`,
    }
  }
  yield {
    what: `${how}: what waits is bounded`,
    held: after.every(({ mib }, index) => mib - (before[index]?.mib ?? 0) < growthMiB),
    measured: after.map(({ name, mib }, index) => `${name} ${before[index]?.mib} → ${mib} MiB`).join(', '),
  }
  const log = [platform.runtime, platform.gateway, web]
    .flatMap((each) => each.said().split('\n'))
    .filter((line) => /unhandled|uncaught|unexpectedly/i.test(line))
  yield {
    what: `${how}: nothing failed unexpectedly`,
    held: log.length === 0,
    measured: log.length === 0 ? 'nothing' : `${log.length} times, such as ${log[0]?.slice(0, 600)}`,
  }
  const ended = Object.entries(begun)
    .filter(([, pid]) => !isRunning(pid))
    .map(([name]) => name)
  yield {
    what: `${how}: every process lives on`,
    held: ended.length === 0,
    measured:
      ended.join(', ') ||
      Object.entries(begun)
        .map(([name, pid]) => `${name} ${pid}`)
        .join(', '),
  }
  yield {
    what: `${how}: back within ${backWithinMs / 1000} s`,
    held: backMs <= backWithinMs,
    measured: `${Math.round(backMs)} ms`,
  }
  const missing = await ledger.missing(platform, at)
  yield {
    what: `${how}: all that was acknowledged is there`,
    held: missing.length === 0,
    measured:
      missing.length === 0
        ? `${ledger.acknowledged} changes; refused for another reason: ${ledger.refused.length} ${ledger.refused[0] ?? ''}`
        : missing.slice(0, 8).join('; '),
  }
  const stuck = await until(
    'nothing is under way',
    async () =>
      (await platform.rpc.call('deployments.list', { teamId: as.teamId, before: null, limit: 200 })).every(
        ({ state }) => !isUnderWay(state),
      ),
    { withinMs: backWithinMs },
  ).then(
    () => false,
    () => true,
  )
  yield { what: `${how}: no deployment is left under way`, held: !stuck, measured: stuck ? 'one is' : 'none is' }
}

/** Each call that was answered is in the usage, once. */
async function* counted({ platform, counter, answered }: All): AsyncIterable<Finding> {
  await platform.runtime.stop()
  const [row] = await platform.sql<
    { requests: number }[]
  >`select coalesce(sum(requests), 0)::int as requests from usage where service_id = ${counter.serviceId}`
  yield {
    what: 'every call is counted once',
    held: row?.requests === answered,
    measured: `${answered} answered, ${row?.requests} counted`,
  }
}

async function call(all: All, signal: AbortSignal, failed: string[]): Promise<void> {
  const acts = all.platform.acts(all.as)
  const under: Promise<void>[] = []
  while (!signal.aborted) {
    under.push(
      acts.call('counter').then(
        ({ status, body }) => {
          all.answered++
          if (status !== 200) failed.push(`${status} ${body}`)
        },
        (error: unknown) => void failed.push(String(error)),
      ),
    )
    await delay(callEveryMs)
  }
  await Promise.all(under)
}

/** A server's backends are processes in sessions of their own. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
}

const pidsOf = ({ runtime, gateway }: OnHome, web: WebProcess) => ({
  runtime: runtime.pid(),
  gateway: gateway.pid(),
  web: web.pid(),
})

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function memoryOf(platform: OnHome, web: WebProcess): Promise<{ name: string; mib: number }[]> {
  return Promise.all(
    Object.entries(pidsOf(platform, web)).map(async ([name, pid]) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => {
        throw new Error(
          `${name} ended: ${(name === 'web' ? web : platform[name as 'runtime' | 'gateway']).said().slice(-3_000)}`,
        )
      })
      return { name, mib: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024) }
    }),
  )
}
