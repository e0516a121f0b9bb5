import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { RawData, WebSocket } from 'ws'
import { callId, parseJson } from './answer.ts'
import { ask, promised, report } from './checked.ts'
import { contextOf, storage } from './context.ts'
import type { Endpoint } from './endpoint.ts'
import { ServiceError, errorForm } from './errors.ts'
import { pathOf } from './request.ts'
import type { Service } from './service.ts'
import { messages } from './stream-http.ts'

interface Upgrade {
  request: IncomingMessage
  socket: Duplex
  head: Buffer
  stopping: AbortSignal
}

const firstFrameMs = 30_000
const heartbeatMs = 30_000

/** One server for all sockets; compression would cost 300 KiB a socket. */
const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 4 * 1024 * 1024 })

/** A websocket on an endpoint's path: the first text frame is the request, each frame back one message of the answer. */
export function acceptSocket(service: Service, { request, socket, head, stopping }: Upgrade): void {
  const name = pathOf(request).slice(1)
  const endpoint = Object.hasOwn(service.endpoints, name) ? service.endpoints[name] : undefined
  if (!endpoint) {
    const body = JSON.stringify(errorForm(callId(request), 404, 'this endpoint does not exist'))
    socket.end(
      `HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    )
    return
  }
  server.handleUpgrade(request, socket, head, (ws) => void converse(ws, { name, endpoint, request, stopping }))
}

interface Conversation {
  name: string
  endpoint: Endpoint
  request: IncomingMessage
  stopping: AbortSignal
}

async function converse(ws: WebSocket, { name, endpoint, request, stopping }: Conversation): Promise<void> {
  const id = callId(request)
  const gone = new AbortController()
  ws.on('close', () => gone.abort(new Error('the caller disconnected')))
  ws.on('error', () => ws.terminate())
  const stop = () => ws.close(1012, 'the service is restarting')
  stopping.addEventListener('abort', stop, { once: true })
  const beat = keepAlive(ws)
  try {
    const asked = await ask(endpoint, parseJson(await firstFrame(ws)))
    const signal = AbortSignal.any([stopping, gone.signal])
    for await (const item of answers({ endpoint, request, asked, signal })) {
      await send(ws, await promised(endpoint, name, item))
    }
    ws.close(1000)
  } catch (error) {
    if (gone.signal.aborted || stopping.aborted) return
    const { code, detail } = report(id, name, error)
    await send(ws, errorForm(id, code, detail)).catch(() => {})
    ws.close(code >= 500 ? 1011 : 1008)
  } finally {
    clearInterval(beat)
    stopping.removeEventListener('abort', stop)
  }
}

/** An endpoint that does not stream gives its one answer. */
async function* answers(of: Parameters<typeof messages>[0]): AsyncGenerator<unknown, void> {
  if (of.endpoint.stream) return yield* messages(of)
  const state = { headers: of.request.headers, signal: of.signal }
  yield await storage.run(state, async () => of.endpoint.run?.(of.asked as never, contextOf(state)))
}

function firstFrame(ws: WebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new ServiceError(408, 'no request arrived on the websocket')), firstFrameMs)
    ws.once('message', (data: RawData) =>
      resolve(Buffer.concat(Array.isArray(data) ? data : [new Uint8Array(data)]).toString()),
    )
    ws.once('close', () => reject(new Error('closed')))
    ws.once('message', () => clearTimeout(late))
    ws.once('close', () => clearTimeout(late))
  })
}

/** Resolves when the kernel took it, so that a slow reader slows the endpoint down. */
function send(ws: WebSocket, value: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    ws.send(JSON.stringify(value ?? {}), (error) => (error ? reject(error) : resolve()))
  })
}

/** Finds the dead, and keeps proxies on the way from closing what is silent. */
function keepAlive(ws: WebSocket): NodeJS.Timeout {
  let alive = true
  ws.on('pong', () => (alive = true))
  return setInterval(() => {
    if (!alive) return ws.terminate()
    alive = false
    ws.ping()
  }, heartbeatMs).unref()
}
