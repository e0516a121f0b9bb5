import { setTimeout as delay } from 'node:timers/promises'
import { answersHealth } from '#cli/server/health.ts'
import { Session } from '#cli/session.ts'
import { answering } from '../stack/programs.ts'
import { Shell } from '../stack/command.ts'
import { type PlatformProcess, startStack } from '../stack/stack.ts'
import { until } from '../stack/until.ts'
import { fault } from './fault.ts'
import { busyness, median } from './load/busyness.ts'
import { asking, inWords, Load } from './load/load.ts'

const perSecond = 100
/** Shorter lives are quick deaths, after which the parent waits before it tries again. */
const livesMs = 1_500
const order = ['runtime', 'gateway', 'web', 'postgres'] as const
const reachMs = { gateway: 1_000, runtime: 2_000, web: 2_000, postgres: 2_000 }

/** SIGKILL of runtime, gateway, web and Postgres in turn, on the whole platform as it is started, under load. */
export default fault({
  title: 'Runtime, gateway, web and Postgres are killed in turn, under load',
  full: 100,
  async *run(times) {
    await using cleanup = new AsyncDisposableStack()
    const stack = await startStack({ samples: false })
    cleanup.defer(() => stack.stop())
    const shell = cleanup.use(await Shell.ofAdmin(stack))
    for (const service of ['steady', 'other']) await shell.deploy(service, answering('still here'))
    const { token } = await shell.json<{ token: string }>(['token', 'create', 'load'])
    const session = new Session(
      { url: stack.url, token, team: 'demo', env: 'production' },
      { NODE_ENV: 'production' },
      { patient: false },
    )
    const pids = () =>
      Promise.all(
        ['steady', 'other'].map(async (service) =>
          (await session.api.services.get.query({ team: 'demo', environment: 'production', service })).instances
            .map(({ pid }) => pid)
            .join(),
        ),
      )
    const before = (await pids()).join()

    const target = {
      port: Number(new URL(stack.gatewayUrl).port),
      path: '/v1/steady/x',
      headers: { authorization: `Bearer ${token}` },
    }
    const load = new Load(perSecond, {
      plain: asking(target, { expected: /^still here$/ }),
      'keep-alive': asking(target, { keepAlive: true, expected: /^still here$/ }),
    })
    const backMs: Record<(typeof order)[number], number[]> = { runtime: [], gateway: [], web: [], postgres: [] }
    const consoleMs: number[] = []
    const busy: number[] = []
    const away: { from: number; to: number }[] = []
    const changed: string[] = []
    const restarted: string[] = []
    await delay(1_000)
    for (let time = 0; time < times; time++) {
      const name = order[time % order.length] ?? 'runtime'
      busy.push(await busyness())
      const others = order.filter((other) => other !== name)
      const were = await Promise.all(others.map((other) => stack.pidOf(other)))
      const killed = performance.now()
      const old = await stack.kill(name)
      await until(`${name} is back`, async () => (await stack.pidOf(name)) !== old && (await isBack(name)), {
        withinMs: 30_000,
        everyMs: 10,
      })
      backMs[name].push(performance.now() - killed)
      if (name === 'gateway') away.push({ from: killed, to: performance.now() })
      await until(
        'the console answers',
        () =>
          session.api.services.list.query({ team: 'demo', environment: 'production' }).then(
            (all) => all.length === 2,
            () => false,
          ),
        { withinMs: 30_000, everyMs: 20 },
      )
      consoleMs.push(performance.now() - killed)
      const now = (await until('the services are told of', () => pids().catch(() => undefined))).join()
      if (now !== before) changed.push(`after ${name}: ${before} → ${now}`)
      const are = await Promise.all(others.map((other) => stack.pidOf(other)))
      others.forEach((other, at) => {
        if (are[at] !== were[at]) restarted.push(`${other} with ${name}`)
      })
      await delay(livesMs)
    }
    await load.stop()

    const slow = median(busy)
    const during = (at: number, tookMs: number) => away.some(({ from, to }) => at + tookMs >= from - 5 && at <= to)
    const lost = load.failed.filter(({ at, tookMs }) => !during(at, tookMs))
    yield {
      what: 'services alive with the same pids',
      held: changed.length === 0,
      measured: `${times - changed.length} of ${times}${changed
        .slice(0, 5)
        .map((line) => `\n      ${line}`)
        .join('')}`,
    }
    yield {
      what: 'what was not killed runs on',
      held: restarted.length === 0,
      measured: restarted.join(', ') || `${times} of ${times}`,
    }
    yield {
      what: 'calls fail only while the gateway itself is away',
      held: lost.length === 0,
      measured: `${inWords(load.outcomes, lost)}; ${load.failed.length - lost.length} while it was away`,
    }
    for (const name of order)
      if (backMs[name].length > 0)
        yield {
          what: `${name} is back within ${reachMs[name]} ms`,
          held: median(backMs[name]) <= reachMs[name] * slow,
          measured: `${figures(backMs[name])}; the machine was ${slow.toFixed(1)} × as slow as at rest`,
        }
    if (consoleMs.length > 0)
      yield {
        what: 'the console answers again by itself',
        held: Math.max(...consoleMs) <= 10_000 * slow,
        measured: figures(consoleMs),
      }

    async function isBack(name: PlatformProcess): Promise<boolean> {
      if (name === 'gateway') return (await asking(target, { expected: /^still here$/ })().catch(String)) === undefined
      if (name === 'web')
        return fetch(`${stack.url}/health`).then(
          ({ ok }) => ok,
          () => false,
        )
      if (name === 'runtime') return answersHealth({ socketPath: `${stack.home}/run/runtime.sock` })
      return session.api.services.list.query({ team: 'demo', environment: 'production' }).then(
        () => true,
        () => false,
      )
    }
  },
})

function figures(all: readonly number[]): string {
  const sorted = all.toSorted((a, b) => a - b)
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN)
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, at most ${at(1)} ms of ${all.length}`
}
