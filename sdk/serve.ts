import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer, callId, fail, json } from './answer.ts'
import { storage } from './context.ts'
import { describe } from './describe.ts'
import { goneSignal, pathOf } from './request.ts'
import type { Service } from './service.ts'

export interface Listening {
  host: string
  port: number
  /** Takes no more calls, answers those in progress, closes sockets with 1012. */
  close: () => Promise<void>
}

/** Longer than the gateway keeps an idle connection, so that only the gateway ever closes one: no call meets a reset. */
const keepAliveMs = 75_000

export async function serve(service: Service, at: { host?: string; port?: number } = {}): Promise<Listening> {
  const stopping = new AbortController()
  const answering = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    answering.add(response)
    response.once('close', () => answering.delete(response))
    void handle(service, { request, response, stopping: stopping.signal })
  })
  server.keepAliveTimeout = keepAliveMs
  server.headersTimeout = keepAliveMs + 5_000
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    import('./websocket.ts').then(
      ({ acceptSocket }) => acceptSocket(service, { request, socket, head, stopping: stopping.signal }),
      () => socket.destroy(),
    )
  })
  await service.options.start?.()
  const host = at.host ?? (process.env.HOST || '127.0.0.1')
  const port = at.port ?? Number(process.env.PORT || 3000)
  await listen(server, host, port)
  const close = async () => {
    stopping.abort(new Error('the service is stopping'))
    // A connection that is idle is closed by the server; one that is busy ends with its answer.
    for (const response of answering) if (!response.headersSent) response.setHeader('connection', 'close')
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeIdleConnections()
    await closed
    await service.options.stop?.()
  }
  return { host, port: (server.address() as AddressInfo).port, close }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, 1024, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  stopping: AbortSignal
}

async function handle(service: Service, exchange: Exchange): Promise<void> {
  const { request, response, stopping } = exchange
  const path = pathOf(request)
  if (stopping.aborted) response.setHeader('connection', 'close')
  try {
    const name = path.slice(1)
    const endpoint = Object.hasOwn(service.endpoints, name) ? service.endpoints[name] : undefined
    if (endpoint) return await answer({ ...exchange, service, name, endpoint })
    if (path === '/_m3o/describe') return json(response, 200, await describe(service.endpoints))
    if (service.options.http) return await plainHttp(service, exchange)
    if (path === '/health') return json(response, 200, { status: 'ok' })
    const known = Object.keys(service.endpoints).join(', ')
    fail(
      response,
      callId(request),
      404,
      `no endpoint ${JSON.stringify(name.slice(0, 100))} here; there are ${known || 'none'}`,
    )
  } catch (error) {
    console.error(`${request.method} ${path} failed:`, error)
    if (!response.headersSent) fail(response, callId(request), 500, 'the service failed; see its log for the cause')
    else response.destroy()
  }
}

async function plainHttp(service: Service, { request, response, stopping }: Exchange): Promise<void> {
  const signal = AbortSignal.any([stopping, goneSignal(response)])
  await storage.run({ headers: request.headers, signal, answer: response }, async () =>
    service.options.http?.(request, response),
  )
}
