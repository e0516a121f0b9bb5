import { setTimeout as delay } from 'node:timers/promises'
import { startPlatform } from '../platform/platform.ts'
import { fault } from './fault.ts'
import { everything } from './load/everything.ts'
import { asking, inWords, Load, type Target } from './load/load.ts'
import { Sockets } from './load/sockets.ts'

const perSecond = 500
const sockets = 20
/** Of the platform: so long a socket of what was replaced stays (runtime/instances/places.ts). */
const socketsMs = 60_000

/** A service is deployed again and again while it is called in every way, as somebody who saves often does. */
export default fault({
  title: `Deployments under ${perSecond} requests/s: plain, keep-alive, with a body, in pieces, as events, and on websockets`,
  full: 50,
  short: 2,
  async *run(times) {
    await using platform = await startPlatform()
    const deploy = async (time: number) => {
      const { state, error } = await platform.deploy('busy', everything(`revision-${time}`))
      if (state !== 'live') throw new Error(`the deployment is ${state}: ${JSON.stringify(error)}`)
    }
    await deploy(0)
    const target = (path: string): Target => ({
      port: platform.gatewayPort,
      path: `/v1/busy/${path}`,
      headers: { authorization: `Bearer ${platform.token}` },
    })
    const answered = /^revision-\d+ \d+$/
    const load = new Load(perSecond, {
      plain: asking(target('x'), { expected: answered }),
      'keep-alive': asking(target('x'), { keepAlive: true, expected: answered }),
      'kept with a body': asking(target('x'), {
        keepAlive: true,
        body: 'x'.repeat(2_000),
        expected: /^revision-\d+ 2000$/,
      }),
      'in pieces': asking(target('pieces'), { keepAlive: true, expected: /^0,1,2,3,4,5,6,7,8,9,end revision-\d+$/ }),
      'as events': asking(target('events'), { expected: /^(data: \d\n\n){10}data: end\n\n$/ }),
    })
    const open = new Sockets(sockets, target('socket'))
    await delay(1_500)
    const began = performance.now()
    for (let time = 1; time <= times; time++) {
      await deploy(time)
      await delay(300 + Math.random() * 700)
    }
    const deployedMs = performance.now() - began
    // The last that were open when the first deployment came are closed in time.
    const first = Math.max(0, socketsMs + 3_000 - (performance.now() - began))
    await delay(times >= 10 ? first : 0)
    await load.stop()
    await open.stop()

    const rate = load.outcomes.length / ((performance.now() - began + 1_500) / 1_000)
    yield {
      what: 'no request of any kind is lost',
      held: load.failed.length === 0,
      measured: `${inWords(load.outcomes, load.failed)}; ${times} deployments in ${(deployedMs / 1_000).toFixed(0)} s, ${Math.round(rate)} requests/s`,
    }
    const other = open.closed.filter(({ code }) => code !== 1012)
    yield {
      what: 'sockets end with 1012 only, and every message before is answered',
      held: other.length === 0 && open.lost.length === 0,
      measured: `${open.closed.length} closed with 1012${other.map(({ code }) => `, one with ${code}`).join('')}; ${open.lost.length} of ${open.said} messages lost${[
        ...new Set(open.lost),
      ]
        .slice(0, 5)
        .map((line) => `\n      ${line}`)
        .join('')}`,
    }
    if (times >= 10) {
      const lived = open.closed.filter(({ openedAt }) => openedAt < began).map(({ at }) => at - began)
      yield {
        what: `sockets of what was replaced live on for ${socketsMs / 1_000} s`,
        held: lived.length === sockets && Math.min(...lived) >= socketsMs - 1_000,
        measured: `${lived.length} of ${sockets}, ended ${Math.round(Math.min(...lived) / 1_000)}–${Math.round(Math.max(...lived) / 1_000)} s after the first deployment`,
      }
    }
  },
})
