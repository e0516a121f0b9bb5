import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { writeDurably } from './durable-file.ts'
import type { Home } from './home.ts'
import { readPidFile } from './pid-file.ts'
import { Problem } from './problem.ts'
import type { Settings } from './settings.ts'

/** The port itself when it is free, or a free one for 0. @throws Problem when it cannot be had. */
function freePort(variable: string, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Problem(explain(variable, host, port, error.code))),
    )
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port))
    })
  })
}

function explain(variable: string, host: string, port: number, code: string | undefined): string {
  if (code === 'EADDRINUSE')
    return `port ${port} is in use by another program: stop it, or set ${variable} to another port`
  if (code === 'EACCES') return `port ${port} may not be used by this user: set ${variable} to a port above 1023`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `M3O_HOST ${host} is not an address of this machine`
  return `port ${port} on ${host} cannot be used (${code ?? 'unknown error'}): set ${variable} or M3O_HOST`
}

/**
 * The settings with real ports. A port that a process left by a former parent holds is ours already, and 0 then means the
 * one that it has. Asked before anything is started, so that a taken port is one line and not a crash loop.
 */
export async function choosePorts(settings: Settings, home: Home): Promise<Settings> {
  const path = join(home.run, 'ports')
  const left = readPorts(path)
  const choose = async (variable: string, name: 'web' | 'gateway', wanted: number): Promise<number> => {
    const held = readPidFile(join(home.run, `${name}.pid`)) === undefined ? undefined : left[name]
    if (held !== undefined && (wanted === 0 || wanted === held)) return held
    return await freePort(variable, settings.host, wanted)
  }
  const web = await choose('M3O_PORT', 'web', settings.port)
  const gateway = await choose('M3O_GATEWAY_PORT', 'gateway', settings.gatewayPort)
  writeDurably(path, `${JSON.stringify({ web, gateway })}\n`)
  return { ...settings, port: web, gatewayPort: gateway }
}

function readPorts(path: string): { web?: number; gateway?: number } {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { web?: number; gateway?: number }
  } catch {
    return {}
  }
}
