import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A request as a service read it, whole; header names in lower case. */
export interface Seen {
  method: string
  url: string
  body: string
  headers: [string, string][]
}

export interface Watched {
  onRequest: (seen: Seen) => void
  onError: (what: string) => void
}

/** A service on node:http that answers everything. */
export async function startNodeService({ onRequest, onError }: Watched) {
  const server = createServer({ requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
    let body = ''
    request
      .setEncoding('latin1')
      .on('data', (text: string) => {
        body += text
      })
      .on('error', () => {})
      .on('end', () => {
        const headers = request.rawHeaders.flatMap((name, at, all): [string, string][] =>
          at % 2 === 0 ? [[name.toLowerCase(), all[at + 1] ?? '']] : [],
        )
        onRequest({ method: request.method ?? '', url: request.url ?? '', body, headers })
        response.end('ok')
      })
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // The gateway cuts off what its caller cut off.
    if (error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE')
      onError(`${error.code}: ${error.message}`)
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The same on Python's http.server; undefined where there is no `python3`. */
export async function startPythonService({ onRequest, onError }: Watched) {
  const child = spawn('python3', [join(import.meta.dirname, 'service.py')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<number | undefined>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve(undefined) : reject(error),
    )
    child.once('exit', () => reject(new Error('the service in Python has ended')))
    createInterface(child.stdout).on('line', (line) => {
      const said = JSON.parse(line) as { port?: number; error?: string } & Seen
      if (said.port !== undefined) resolve(said.port)
      else if (said.error !== undefined) onError(said.error)
      else onRequest(said)
    })
  })
  if (port === undefined) return undefined
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
