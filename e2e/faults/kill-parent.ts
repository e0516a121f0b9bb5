import { setTimeout as delay } from 'node:timers/promises'
import { Shell } from '../stack/command.ts'
import { isAlive } from '../stack/processes-of.ts'
import { answering } from '../stack/programs.ts'
import { startStack } from '../stack/stack.ts'
import { until } from '../stack/until.ts'
import { fault } from './fault.ts'
import { busyness, median } from './load/busyness.ts'
import { asking, inWords, Load } from './load/load.ts'

const perSecond = 100
const adopted = ['runtime', 'gateway', 'web', 'postgres'] as const

/** SIGKILL of the parent under load: the rest carry on, and what is started next takes all of it over. */
export default fault({
  title: 'The parent is killed, under load',
  full: 10,
  async *run(times) {
    await using cleanup = new AsyncDisposableStack()
    const stack = await startStack({ samples: false })
    cleanup.defer(() => stack.stop())
    const shell = cleanup.use(await Shell.ofAdmin(stack))
    await shell.deploy('steady', answering('still here'))
    const { token } = await shell.json<{ token: string }>(['token', 'create', 'load'])
    const target = {
      port: Number(new URL(stack.gatewayUrl).port),
      path: '/v1/steady/x',
      headers: { authorization: `Bearer ${token}` },
    }
    const pids = async () =>
      Object.fromEntries(await Promise.all(adopted.map(async (name) => [name, await stack.pidOf(name)])))
    const service = async () => (await shell.status('steady')).instances.map(({ pid }) => pid).join()
    const [were, served] = [await pids(), await service()]

    const load = new Load(perSecond, {
      plain: asking(target, { expected: /^still here$/ }),
      'keep-alive': asking(target, { keepAlive: true, expected: /^still here$/ }),
    })
    const changed: string[] = []
    const tookMs: number[] = []
    const busy: number[] = []
    for (let time = 0; time < times; time++) {
      await stack.kill('parent')
      await delay(1_000)
      for (const name of adopted) if (!isAlive(were[name] ?? 0)) changed.push(`${name} ended with the parent`)
      busy.push(await busyness())
      const began = performance.now()
      await stack.startAgain()
      tookMs.push(performance.now() - began)
      const now = await pids()
      for (const name of adopted)
        if (now[name] !== were[name]) changed.push(`${name} is ${now[name]} and not ${were[name]}`)
      const serves = await service()
      if (serves !== served) changed.push(`the service is ${serves} and not ${served}`)
    }
    await load.stop()
    const slow = median(busy)
    yield {
      what: 'gateway, runtime, web, Postgres and services carry on, and are taken over with the same pids',
      held: changed.length === 0,
      measured: `${times} times${changed.map((line) => `\n      ${line}`).join('')}`,
    }
    yield { what: 'calls never fail', held: load.failed.length === 0, measured: inWords(load.outcomes, load.failed) }
    yield {
      what: 'the next start is ready within 5 s',
      held: median(tookMs) <= 5_000 * slow,
      measured: `p50 ${Math.round(median(tookMs))} ms, at most ${Math.round(Math.max(...tookMs))} ms; the machine was ${slow.toFixed(1)} × as slow as at rest`,
    }

    const before = were.web
    await stack.kill('web')
    await until('what was taken over is watched', async () => {
      const now = await stack.pidOf('web')
      return now !== undefined && now !== before
    })
    yield {
      what: 'what was taken over is watched as before',
      held: true,
      measured: 'web was killed, and is started again',
    }
  },
})
