import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fault, type Finding } from './fault.ts'
import { startLoneGateway } from './gateway/lone-gateway.ts'
import { each, isAlive, openSocket } from './gateway/open-sockets.ts'

const wanted = 10_000
const loris = 1000
const measureMs = 4000
const atOnce = 200

/** Each takes the gateway two descriptors. */
function mostSockets(): number {
  const limit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024)
  return Math.min(wanted, Math.floor((limit - loris - 300) / 2))
}

/** Ten thousand websockets, a thousand callers that never finish their heads, and all websockets anew at once: others must not feel it. */
export default fault({
  title: `${wanted} websockets, ${loris} slow-loris connections, a reconnect storm`,
  full: 1,
  async *run(): AsyncGenerator<Finding> {
    await using cleanup = new AsyncDisposableStack()
    const begin = (name: string, ...args: string[]) => {
      const child = fork(join(import.meta.dirname, 'gateway', name), args, { stdio: 'inherit' })
      cleanup.defer(() => end(child))
      return child
    }
    const [app] = await once(begin('socket-service.ts', 'yields'), 'message') as [number]
    const [calm] = await once(begin('socket-service.ts'), 'message') as [number]
    const gateway = cleanup.use(await startLoneGateway({ app, calm }))
    const pid = gateway.pid()
    const other = begin('other-caller.ts')
    other.send({ url: `http://127.0.0.1:${gateway.port}/x` })
    // Those who attack, and the service that they attack, would have processors of their own.
    setPriority(10)
    const report = async () => {
      other.send({ report: true })
      const [seen] = await once(other, 'message') as [{ calls: number; failed: number; p99: number }]
      return seen
    }

    // What starts up is not measured.
    await delay(1500)
    await report()
    await delay(measureMs)
    const peace = await report()
    const finding = (what: string, { calls, failed, p99 }: typeof peace): Finding => ({
      what: `${what}: others' p99 is at most twice that of peace, and none of their calls fails`,
      held: failed === 0 && calls > 0 && p99 <= 2 * peace.p99,
      measured: `p99 ${p99.toFixed(2)} ms, in peace ${peace.p99.toFixed(2)} ms, ${(p99 / peace.p99).toFixed(2)} ×; ${failed} of ${calls} calls failed`,
    })

    const count = mostSockets()
    const places = Array.from({ length: count }, (_, n) => n)
    let sockets: (Socket | undefined)[] = []
    cleanup.defer(() => { for (const socket of sockets) socket?.destroy() })
    const openAll = async () => { sockets = await each(places, atOnce, (n) => openSocket(gateway.port, n)) }
    const alive = async () => (await each(sockets, atOnce, async (socket) => socket !== undefined && isAlive(socket))).filter(Boolean).length
    const many = `${count.toLocaleString('en')} websockets${count < wanted ? ' (the descriptors of one process allow no more)' : ''}`

    await openAll()
    yield finding(`while ${many} open`, await report())
    const echoed = await alive()
    yield finding('while something is said on all of them', await report())
    yield { what: 'all of them stand', held: echoed === count, measured: `${echoed} of ${count} echo; the gateway has ${residentMiB(pid)} MiB` }

    const slow = await each(Array.from({ length: loris }), atOnce, (_, n) => openSlowly(gateway.port, n))
    cleanup.defer(() => { for (const socket of slow) socket.destroy() })
    const drip = setInterval(() => { for (const socket of slow) if (!socket.destroyed) socket.write('x') }, 250)
    cleanup.defer(() => clearInterval(drip))
    await delay(measureMs)
    yield finding(`under ${loris} slow-loris connections as well`, await report())

    for (const socket of sockets) socket?.destroy()
    await openAll()
    yield finding('while all websockets break and are opened anew', await report())
    const again = await alive()
    yield { what: 'all of them stand again', held: again === count, measured: `${again} of ${count} echo` }
    for (let left = 100; left > 0 && slow.some((socket) => !socket.destroyed); left--) await delay(250)
    yield { what: 'slow-loris connections are ended', held: slow.every((socket) => socket.destroyed), measured: `${slow.filter((socket) => socket.destroyed).length} of ${loris}` }
    yield { what: 'the gateway is still the same process', held: gateway.pid() === pid && (await report()).failed === 0, measured: `pid ${pid}; ${gateway.said().trim() || 'nothing in its log'}` }
  },
})

function residentMiB(pid: number): number {
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)
}

/** A head that goes on and on. */
function openSlowly(port: number, n: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.9.${1 + (n % 200)}` })
  socket.on('error', () => {}).resume()
  return new Promise((resolve) => {
    socket.once('close', () => resolve(socket)).once('connect', () => socket.write('GET /x HTTP/1.1\r\nHost: app--demo.localhost\r\nX-A: ', () => resolve(socket)))
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
