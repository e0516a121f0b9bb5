import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex as DuplexStream } from 'node:stream'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { drained } from './drained.ts'
import { errorFromBody, errorStatus, type ErrorBody, isPlatformError, PlatformError } from './errors.ts'
import { newId } from './ids.ts'
import { refuseNul } from './no-nul.ts'
import { createServer } from './node-http.ts'
import { outageOf } from './outage.ts'
import { type Actor, type Api, platformActor, rpcHeader } from './rpc.ts'
import type { HandlerContext, Handlers } from './rpc-types.ts'

export interface RpcServer {
  /** False when the path is none of an RPC's: the process may answer it. */
  request(request: IncomingMessage, response: ServerResponse): boolean
  upgrade(request: IncomingMessage, socket: DuplexStream, head: Buffer): boolean
}

export interface RpcServerOptions {
  log: Pick<Logger, 'error' | 'warn'>
  /** Largest JSON input of a call, in bytes. */
  maxInput?: number
  /** Sees a call through, or refuses it when what it leans on is away. */
  during?: <T>(work: () => Promise<T>) => Promise<T>
}

type AnyHandler = (
  input: unknown,
  at: HandlerContext & { body?: IncomingMessage; readonly socket?: DuplexStream },
) => unknown

const pathShape = /^\/(rpc|stream|upload|duplex)\/([\w.-]+)$/
const kinds = { rpc: 'call', stream: 'stream', upload: 'upload', duplex: 'duplex' } as const

export function createRpcServer<A extends Api>(
  api: A,
  handlers: Handlers<A>,
  { log, maxInput = 32 << 20, during = (work) => work() }: RpcServerOptions,
): RpcServer {
  function find(url: string | undefined) {
    const [, prefix, name] = pathShape.exec(url ?? '') ?? []
    if (prefix === undefined || name === undefined) return undefined
    const procedure = Object.hasOwn(api, name) ? api[name] : undefined
    return { name, procedure: procedure?.kind === kinds[prefix as keyof typeof kinds] ? procedure : undefined }
  }

  function bodyOf(error: unknown, procedure: string): ErrorBody {
    if (isPlatformError(error)) return errorFromBody(error).toJSON()
    const outage = outageOf(error)
    if (outage !== undefined) {
      log.warn({ err: error, procedure }, outage.message)
      return outage.toJSON()
    }
    const operation = newId('operation')
    log.error({ err: error, operation, procedure }, 'a procedure failed unexpectedly')
    return { code: 'internal', message: `something went wrong inside the platform (${operation})`, data: { operation } }
  }

  async function run(name: string, procedure: A[string], request: IncomingMessage, response: ServerResponse) {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    try {
      const raw = procedure.kind === 'upload' ? fromHeader(request, rpcHeader.input) : await readJson(request, maxInput)
      const input = validate(procedure.input, raw)
      const at = { actor: actorOf(request), signal: gone.signal, ...(procedure.kind === 'upload' && { body: request }) }
      const handle = () => (handlers[name] as AnyHandler)(input, at)
      if (procedure.kind === 'stream')
        await sendLines(handle() as AsyncIterable<unknown>, response, (error) => bodyOf(error, name))
      else sendJson(response, 200, (await during(async () => handle())) ?? null)
    } catch (error) {
      const body = bodyOf(error, name)
      // What is left of a refused upload is not worth reading: the connection ends instead.
      if (!request.complete) response.setHeader('connection', 'close')
      sendJson(response, errorStatus[body.code], body)
    }
  }

  return {
    request(request, response) {
      const found = find(request.url)
      if (found === undefined) return false
      if (request.method !== 'POST')
        sendJson(response, 405, new PlatformError('method_not_allowed', 'procedures are called with POST'))
      else if (found.procedure === undefined)
        sendJson(response, 404, new PlatformError('not_found', `procedure ${found.name} does not exist`))
      else void run(found.name, found.procedure as A[string], request, response)
      return true
    },

    upgrade(request, socket, head) {
      const found = find(request.url)
      if (found === undefined) return false
      const gone = new AbortController()
      socket.on('error', () => socket.destroy())
      socket.once('close', () => gone.abort())
      let accepted = false
      const accept = () => {
        if (!accepted) {
          accepted = true
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: m3o\r\n\r\n')
          if (head.length > 0) socket.unshift(head)
        }
        return socket
      }
      const start = async () => {
        if (found.procedure?.kind !== 'duplex')
          throw new PlatformError('not_found', `procedure ${found.name} does not exist`)
        const input = validate(found.procedure.input, fromHeader(request, rpcHeader.input))
        await (handlers[found.name] as AnyHandler)(input, {
          actor: actorOf(request),
          signal: gone.signal,
          get socket() {
            return accept()
          },
        })
      }
      start().catch((error: unknown) => {
        const body = bodyOf(error, found.name)
        if (accepted) return socket.destroy()
        const text = JSON.stringify(body)
        socket.end(
          `HTTP/1.1 ${errorStatus[body.code]} Refused\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
        )
      })
      return true
    },
  }
}

/** A server for one unix socket: the RPC, then what the process answers itself, then 404. */
export function rpcHttpServer(rpc: RpcServer, own: Partial<RpcServer> = {}): Server {
  const server = createServer(
    { keepAliveTimeout: 120_000, requestTimeout: 0, maxHeaderSize: 1 << 20 },
    (request, response) => {
      if (rpc.request(request, response) || own.request?.(request, response)) return
      sendJson(response, 404, new PlatformError('not_found', 'this address does not exist'))
    },
  )
  server.on('upgrade', (request: IncomingMessage, socket: DuplexStream, head: Buffer) => {
    if (!rpc.upgrade(request, socket, head) && !own.upgrade?.(request, socket, head)) socket.destroy()
  })
  return server
}

function sendJson(response: ServerResponse, status: number, body: unknown) {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

async function sendLines(
  items: AsyncIterable<unknown>,
  response: ServerResponse,
  failure: (error: unknown) => ErrorBody,
) {
  const iterator = items[Symbol.asyncIterator]()
  // A race with one promise for the whole stream would keep every item until that settles.
  let leave = () => {}
  response.once('close', () => leave())
  const orLeft = <T>(wait: Promise<T>) =>
    new Promise<T | undefined>((resolve, reject) => {
      leave = () => resolve(undefined)
      if (response.destroyed) leave()
      wait.then(resolve, reject)
    })
  const start = () => {
    if (response.headersSent) return
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.flushHeaders()
  }
  // A refusal thrown at once has its own status; a source that is merely quiet says so by opening.
  const opening = setTimeout(start, 50)
  try {
    for (;;) {
      const next = await orLeft(iterator.next())
      if (next === undefined || next.done) break
      start()
      if (!response.write(`${JSON.stringify(next.value)}\n`)) await drained(response)
    }
    start()
  } catch (error) {
    if (!response.headersSent) throw error
    response.write(`${JSON.stringify({ $error: failure(error) })}\n`)
  } finally {
    clearTimeout(opening)
    if (response.headersSent) response.end()
    // A generator that still waits ends when its signal tells it; nobody waits for it here.
    Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

async function readJson(request: IncomingMessage, max: number): Promise<unknown> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += (part as Buffer).length
    if (size > max) throw new PlatformError('too_large', 'the input is too large')
    parts.push(part as Buffer)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString())
  } catch (cause) {
    throw new PlatformError('bad_request', 'the input is not JSON', {}, { cause })
  }
}

function fromHeader(request: IncomingMessage, name: string): unknown {
  try {
    return JSON.parse(decodeURIComponent(String(request.headers[name])))
  } catch (cause) {
    throw new PlatformError('bad_request', `the header ${name} is not JSON`, {}, { cause })
  }
}

function actorOf(request: IncomingMessage): Actor {
  return request.headers[rpcHeader.actor] === undefined
    ? platformActor
    : (fromHeader(request, rpcHeader.actor) as Actor)
}

function validate(schema: z.ZodType, value: unknown): unknown {
  refuseNul(value)
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new PlatformError('bad_request', issue?.message ?? 'the input is not valid', {
    field: issue?.path.join('.') ?? '',
  })
}
