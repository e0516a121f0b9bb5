import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Inhabitant, type OnHome, startOnHome } from '../../platform/on-home.ts'
import { freePort } from '../../platform/processes.ts'
import { startWebProcess } from '../../platform/web-process.ts'
import type { Finding } from '../fault.ts'

export interface Target extends AsyncDisposable {
  platform: OnHome
  as: Inhabitant
  /** Of the service `hello`, which answers, and gives back what comes on a websocket. */
  serviceId: string
  webPort: number
  pidOf: (name: 'web' | 'gateway' | 'runtime') => number
  /** Remembers how much memory each process has by now. */
  warm: () => Promise<void>
  /** What must hold of the processes, whatever came. */
  findings: () => AsyncIterable<Finding>
}

/** So much may a process grow after its first seconds: what it keeps ready, and not what it forgets to let go of. */
const growthMiB = 96
const unexpected = /unhandled|uncaught|unexpectedly/i

/** Takes any upgrade and sends all bytes back as they are. */
const echo = `const server = require('node:http').createServer((request, response) => response.end('hello'))
server.on('upgrade', (request, socket) => {
  const key = require('node:crypto').createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
  socket.on('error', () => socket.destroy())
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + key + '\\r\\n\\r\\n')
  socket.pipe(socket)
})
server.listen(process.env.PORT, process.env.HOST)`

/** A platform with a web process of its own, which the fuzz may end. */
export async function startTarget(): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-fuzz-'))
  const platform = await startOnHome(join(folder, 'home'), {
    gatewayPort: await freePort(),
    settings: { M3O_LOG_LEVEL: 'error' },
  })
  const as = await platform.found()
  const { serviceId } = await platform.acts(as).deploy('hello', { 'index.js': echo })
  const web = await startWebProcess(platform, as)
  const processes = { web: web.pid, gateway: platform.gateway.pid, runtime: platform.runtime.pid }
  const begun = Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, pid()]))
  const memory = async () =>
    Object.fromEntries(
      await Promise.all(Object.entries(processes).map(async ([name, pid]) => [name, await memoryOf(pid())] as const)),
    )
  let before = await memory()
  return {
    platform,
    as,
    serviceId,
    webPort: web.port,
    pidOf: (name) => processes[name](),
    warm: async () => void (before = await memory()),
    async *findings() {
      const after = await memory()
      for (const [name, mib] of Object.entries(after)) {
        const logged =
          name === 'web' ? web.said() : name === 'gateway' ? platform.gateway.said() : platform.runtime.said()
        const strange = logged.split('\n').filter((line) => unexpected.test(line))
        yield {
          what: `${name} lives on`,
          held: mib > 0 && processes[name as keyof typeof processes]() === begun[name],
          measured: mib > 0 ? `process ${begun[name]}` : `ended: ${logged.slice(-600)}`,
        }
        yield {
          what: `${name}: nothing unhandled`,
          held: strange.length === 0,
          measured: strange.length === 0 ? 'nothing' : `${strange.length} times, such as ${strange[0]?.slice(0, 900)}`,
        }
        yield {
          what: `${name} does not grow`,
          held: mib - (before[name] ?? 0) < growthMiB,
          measured: `${before[name]} → ${mib} MiB`,
        }
      }
    },
    async [Symbol.asyncDispose]() {
      await web[Symbol.asyncDispose]()
      await platform.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** 0 when it is gone. */
async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}
