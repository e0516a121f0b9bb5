import { setTimeout as delay } from 'node:timers/promises'
import { Shell } from '../stack/command.ts'
import { processesOf } from '../stack/processes-of.ts'
import { startStack } from '../stack/stack.ts'
import { until } from '../stack/until.ts'
import { fault } from './fault.ts'
import { busyness, median } from './load/busyness.ts'
import { everything } from './load/everything.ts'
import { asking, inWords, Load, type Target } from './load/load.ts'
import { Sockets } from './load/sockets.ts'

const perSecond = 500
const sockets = 20
const kept = ['parent', 'postgres'] as const
const replaced = ['runtime', 'gateway', 'web'] as const

/** As after another release was put in the place of the one that runs: nothing of services and calls is lost. */
export default fault({
  title: `The platform is restarted (SIGHUP, m3o upgrade) under ${perSecond} requests/s: plain, keep-alive, with a body, in pieces, as events, and on websockets`,
  full: 10,
  short: 1,
  async *run(times) {
    await using cleanup = new AsyncDisposableStack()
    const stack = await startStack({ samples: false })
    cleanup.defer(() => stack.stop())
    const shell = cleanup.use(await Shell.ofAdmin(stack))
    await shell.deploy('steady', everything('steady'))
    const { token } = await shell.json<{ token: string }>(['token', 'create', 'load'])
    const target = (path: string): Target => ({
      port: Number(new URL(stack.gatewayUrl).port),
      path: `/v1/steady/${path}`,
      headers: { authorization: `Bearer ${token}` },
    })
    const pidsOf = async (names: readonly ((typeof kept)[number] | (typeof replaced)[number])[]) =>
      await Promise.all(names.map((name) => stack.pidOf(name)))
    const service = async () => (await shell.status('steady')).instances.map(({ pid }) => pid).join()
    const ready = () => stack.output().split('M3O is ready').length
    const [stay, served] = [(await pidsOf(kept)).join(), await service()]

    const load = new Load(perSecond, {
      plain: asking(target('x'), { expected: /^steady 0$/ }),
      'keep-alive': asking(target('x'), { keepAlive: true, expected: /^steady 0$/ }),
      'kept with a body': asking(target('x'), { keepAlive: true, body: 'x'.repeat(2_000), expected: /^steady 2000$/ }),
      'in pieces': asking(target('pieces'), { keepAlive: true, expected: /^0,1,2,3,4,5,6,7,8,9,end steady$/ }),
      'as events': asking(target('events'), { expected: /^(data: \d\n\n){10}data: end\n\n$/ }),
    })
    cleanup.defer(() => load.stop())
    const open = new Sockets(sockets, target('socket'))
    cleanup.defer(() => open.stop())
    const wrong: string[] = []
    const tookMs: number[] = []
    const busy: number[] = []
    for (let time = 0; time < times; time++) {
      busy.push(await busyness())
      const [before, said, began] = [await pidsOf(replaced), ready(), performance.now()]
      process.kill((await stack.pidOf('parent')) ?? 0, 'SIGHUP')
      await until('the platform is ready again', () => ready() > said, { withinMs: 300_000, why: stack.output })
      tookMs.push(performance.now() - began)
      const after = await pidsOf(replaced)
      for (const [at, name] of replaced.entries())
        if (after[at] === before[at]) wrong.push(`${name} is still ${before[at]}`)
      const now = (await pidsOf(kept)).join()
      if (now !== stay) wrong.push(`${kept.join()} are ${now} and not ${stay}`)
      const serves = await service()
      if (serves !== served) wrong.push(`the service is ${serves} and not ${served}`)
    }
    const sent = load.outcomes.length
    const left: string[] = []
    for (let time = 0; time < times; time++) {
      process.kill((await stack.pidOf('parent')) ?? 0, 'SIGHUP')
      await delay(Math.random() * 1_500)
      await stack.kill('parent')
      await stack.startAgain()
      // One that was not told to end sees by itself that another has taken its place.
      await until(
        'one gateway is left',
        async () => (await processesOf(stack.home)).filter((line) => line.includes('gateway/main.ts')).length === 1,
        { withinMs: 60_000 },
      )
      const serves = await service()
      if (serves !== served) left.push(`the service is ${serves} and not ${served}`)
    }
    await load.stop()
    await open.stop()
    // Once it has become another and starts the runtime: services of before are to be ended by one that has just begun.
    const runtime = await stack.pidOf('runtime')
    process.kill((await stack.pidOf('parent')) ?? 0, 'SIGHUP')
    await until('the runtime is another', async () => ![undefined, runtime].includes(await stack.pidOf('runtime')), {
      withinMs: 60_000,
    })
    const stopped = await stack.stop().then(
      () => 'nothing',
      (error: unknown) => String(error),
    )
    const slow = median(busy)
    yield {
      what: 'runtime, gateway and web are others, parent, Postgres and services the same',
      held: wrong.length === 0,
      measured: `${times} times${wrong.map((line) => `\n      ${line}`).join('')}`,
    }
    yield {
      what: 'no call of any kind is lost',
      held: load.failed.length === 0,
      measured: inWords(load.outcomes, load.failed),
    }
    yield {
      what: 'the parent killed in the midst of it: the next start has all of it, with one gateway',
      held: left.length === 0,
      measured: `${times} times, ${load.outcomes.length - sent} calls meanwhile${left.map((line) => `\n      ${line}`).join('')}`,
    }
    yield {
      what: 'told to stop in the midst of it, it leaves nothing, services neither',
      held: stopped === 'nothing',
      measured: stopped,
    }
    const other = open.closed.filter(({ code }) => code !== 1012)
    yield {
      what: 'sockets end with 1012 only, and every message before is answered',
      held: other.length === 0 && open.lost.length === 0 && open.closed.length > 0,
      measured: `${open.closed.length} closed with 1012${other.map(({ code }) => `, one with ${code}`).join('')}; ${open.lost.length} of ${open.said} messages lost${[
        ...new Set(open.lost),
      ]
        .slice(0, 5)
        .map((line) => `\n      ${line}`)
        .join('')}`,
    }
    // Half of it, kept connections are let be used once more, while everything still answers.
    yield {
      what: 'it is over within 15 s',
      held: median(tookMs) <= 15_000 * slow,
      measured: `p50 ${Math.round(median(tookMs))} ms, at most ${Math.round(Math.max(...tookMs))} ms; the machine was ${slow.toFixed(1)} × as slow as at rest`,
    }
  },
})
