import { Shell } from '../stack/command.ts'
import { answering } from '../stack/programs.ts'
import { startStack } from '../stack/stack.ts'
import { until } from '../stack/until.ts'
import { fault } from './fault.ts'
import { busyness, median } from './load/busyness.ts'
import { asking, inWords, Load } from './load/load.ts'

const perSecond = 200
const kept = ['parent', 'postgres'] as const
const replaced = ['runtime', 'gateway', 'web'] as const

/** SIGHUP under load, as after another release was put in the place of the one that runs: nothing of services and calls is lost. */
export default fault({
  title: 'The platform is restarted (SIGHUP, m3o upgrade), under load',
  full: 10,
  short: 1,
  async *run(times) {
    await using cleanup = new AsyncDisposableStack()
    const stack = await startStack({ samples: false })
    cleanup.defer(() => stack.stop())
    const shell = cleanup.use(await Shell.ofAdmin(stack))
    await shell.deploy('steady', answering('still here'))
    const { token } = await shell.json<{ token: string }>(['token', 'create', 'load'])
    const target = { port: Number(new URL(stack.gatewayUrl).port), path: '/v1/steady/x', headers: { authorization: `Bearer ${token}` } }
    const pidsOf = async (names: readonly (typeof kept[number] | typeof replaced[number])[]) => await Promise.all(names.map((name) => stack.pidOf(name)))
    const service = async () => (await shell.status('steady')).instances.map(({ pid }) => pid).join()
    const ready = () => stack.output().split('M3O is ready').length
    const [stay, served] = [(await pidsOf(kept)).join(), await service()]

    const load = new Load(perSecond, { plain: asking(target, { expected: /^still here$/ }), 'keep-alive': asking(target, { keepAlive: true, expected: /^still here$/ }) })
    cleanup.defer(() => load.stop())
    const wrong: string[] = []
    const tookMs: number[] = []
    const busy: number[] = []
    for (let time = 0; time < times; time++) {
      busy.push(await busyness())
      const [before, said, began] = [await pidsOf(replaced), ready(), performance.now()]
      process.kill((await stack.pidOf('parent')) ?? 0, 'SIGHUP')
      await until('the platform is ready again', () => ready() > said, { withinMs: 60_000, why: stack.output })
      tookMs.push(performance.now() - began)
      const after = await pidsOf(replaced)
      for (const [at, name] of replaced.entries()) if (after[at] === before[at]) wrong.push(`${name} is still ${before[at]}`)
      const now = (await pidsOf(kept)).join()
      if (now !== stay) wrong.push(`${kept.join()} are ${now} and not ${stay}`)
      const serves = await service()
      if (serves !== served) wrong.push(`the service is ${serves} and not ${served}`)
    }
    await load.stop()
    const slow = median(busy)
    yield { what: 'runtime, gateway and web are others, parent, Postgres and services the same', held: wrong.length === 0, measured: `${times} times${wrong.map((line) => `\n      ${line}`).join('')}` }
    yield { what: 'calls never fail', held: load.failed.length === 0, measured: inWords(load.outcomes, load.failed) }
    yield { what: 'all of it answers within 10 s', held: median(tookMs) <= 10_000 * slow, measured: `p50 ${Math.round(median(tookMs))} ms, at most ${Math.round(Math.max(...tookMs))} ms; the machine was ${slow.toFixed(1)} × as slow as at rest` }
  },
})
