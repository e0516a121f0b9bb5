import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cpuMsOf, ofProcess } from '../stack/families.ts'
import { fault, type Finding } from './fault.ts'
import type { Command } from './gateway/crowd.ts'
import { startLoneGateway } from './gateway/lone-gateway.ts'
import { startNginx } from './gateway/nginx.ts'

const wanted = 10_000
const loris = 1000
const measureMs = 4000

/** Each takes the gateway two descriptors: its caller's end, and one to the service. */
function mostSockets(): number {
  const limit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024)
  return Math.min(wanted, Math.floor((limit - loris - 300) / 2))
}

/**
 * Ten thousand websockets, a thousand callers that never finish their heads, and all websockets anew at once: others must not feel it. The same through
 * nginx, where there is one, says what this machine allows.
 */
export default fault({
  title: `${wanted} websockets, ${loris} slow-loris connections, a reconnect storm`,
  full: 1,
  async *run(): AsyncGenerator<Finding> {
    const nginx = new Map<string, string>()
    for await (const { what, brief } of storm(startNginx)) nginx.set(what, brief)
    for await (const { what, held, measured, brief } of storm(startLoneGateway)) {
      const beside = nginx.get(what)
      yield {
        what,
        held,
        measured: [
          brief,
          ...(beside === undefined ? [] : [`nginx: ${beside}`]),
          ...(measured === brief ? [] : [measured]),
        ].join('; '),
      }
    }
  },
})

interface Front extends AsyncDisposable {
  port: number
  pid: () => number
  said: () => string
}

/** All of it through what `start` gives; nothing where it gives nothing. `brief` is what is compared. */
async function* storm(
  start: (services: Readonly<Record<string, number>>) => Promise<Front | undefined>,
): AsyncGenerator<Finding & { brief: string }> {
  await using cleanup = new AsyncDisposableStack()
  const begin = (name: string, ...args: string[]) => {
    const child = fork(join(import.meta.dirname, 'gateway', name), args, { stdio: 'inherit' })
    cleanup.defer(() => end(child))
    return child
  }
  // Those who attack, and the service that they attack, would have processors of their own; who is measured is not made to wait for them.
  const attacked = begin('socket-service.ts', '19')
  const [app] = (await once(attacked, 'message')) as [number]
  const [calm] = (await once(begin('socket-service.ts', '-10'), 'message')) as [number]
  const front = await start({ app, calm })
  if (front === undefined) return
  cleanup.use(front)
  const pid = front.pid()
  const crowd = begin('crowd.ts', String(front.port))
  const order = async (command: Command) => {
    crowd.send(command)
    return ((await once(crowd, 'message')) as [number])[0]
  }
  const other = begin('other-caller.ts')
  other.send({ url: `http://127.0.0.1:${front.port}/x` })
  const used = () => [pid, crowd.pid ?? 0, attacked.pid ?? 0].map(cpuMsOf)
  let since = { at: performance.now(), used: used() }
  /** What the other caller saw since the last report, and what share of a processor others took meanwhile. */
  const report = async () => {
    other.send({ report: true })
    const [seen] = (await once(other, 'message')) as [{ calls: number; failed: number; p50: number; p99: number }]
    const now = { at: performance.now(), used: used() }
    const [ofFront, ofCrowd, ofAttacked] = now.used.map(
      (ms, at) => `${Math.round((100 * (ms - (since.used[at] ?? 0))) / (now.at - since.at))} %`,
    )
    const tookMs = now.at - since.at
    since = now
    return {
      ...seen,
      tookMs,
      shares: `itself ${ofFront}, those who attack ${ofCrowd}, what they attack ${ofAttacked} of a processor`,
    }
  }

  // What starts up is not measured.
  await delay(1500)
  await report()
  await delay(measureMs)
  const peace = await report()
  const finding = (what: string, { calls, failed, p50, p99, tookMs, shares }: typeof peace) => ({
    what: `${what}: others' p99 is at most twice that of peace, and none of their calls fails`,
    held: failed === 0 && calls > 0 && p99 <= 2 * peace.p99,
    brief: `p99 ${p99.toFixed(2)} ms, ${(p99 / peace.p99).toFixed(1)} × ${peace.p99.toFixed(2)} ms`,
    measured: `p50 ${p50.toFixed(2)} of ${peace.p50.toFixed(2)} ms, ${failed} of ${calls} calls failed, ${(tookMs / 1000).toFixed(1)} s, ${shares}`,
  })

  const count = mostSockets()
  const many = `${count.toLocaleString('en')} websockets${count < wanted ? ' (the descriptors of one process allow no more)' : ''}`

  await order({ open: count })
  yield finding(`while ${many} open`, await report())
  await delay(measureMs)
  yield finding('while they are open', await report())
  const echoed = await order({ echo: true })
  yield finding('while something is said on all of them', await report())
  const fact = (what: string, held: boolean, measured: string) => ({ what, held, measured, brief: measured })
  yield fact('all of them stand', echoed === count, `${echoed} of ${count} echo, ${residentMiB(pid)} MiB`)

  await order({ dawdle: loris })
  await delay(measureMs)
  yield finding(`under ${loris} slow-loris connections as well`, await report())

  await order({ break: true })
  await order({ open: count })
  yield finding('while all websockets break and are opened anew', await report())
  const again = await order({ echo: true })
  yield fact('all of them stand again', again === count, `${again} of ${count} echo`)
  let slow = await order({ dawdling: true })
  for (let left = 100; left > 0 && slow > 0; left--) {
    await delay(250)
    slow = await order({ dawdling: true })
  }
  yield fact('slow-loris connections are ended', slow === 0, `${loris - slow} of ${loris}`)
  yield fact(
    'it is still the same process',
    front.pid() === pid && (await report()).failed === 0,
    `pid ${pid}, ${front.said().trim() || 'nothing in its log'}`,
  )
}

const residentMiB = (pid: number): number =>
  Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(ofProcess(pid, 'status'))?.[1]) / 1024)

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
