import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { contextOf, storage, traceOf } from './context.ts'
import type { Endpoint } from './endpoint.ts'
import { ask, promised, report } from './checked.ts'
import { ServiceError, errorForm } from './errors.ts'
import { goneSignal } from './request.ts'
import type { Exchange } from './serve.ts'
import type { Service } from './service.ts'

export interface EndpointExchange extends Exchange {
  service: Service
  name: string
  endpoint: Endpoint
}

const defaultBodyLimit = 4 * 1024 * 1024

/** Answers one HTTP request for an endpoint: read, validate, run, validate, send. */
export async function answer(exchange: EndpointExchange): Promise<void> {
  const { request, response, endpoint, name, service } = exchange
  const id = callId(request)
  // EventSource can only GET.
  const allowed = endpoint.stream && request.method === 'GET' ? 'GET' : 'POST'
  if (request.method !== allowed) {
    response.setHeader('allow', endpoint.stream ? 'GET, POST' : 'POST')
    return fail(response, id, 405, `${name} is called with POST and a JSON body`)
  }
  try {
    const body =
      allowed === 'GET' ? queryOf(request) : await readJson(request, service.options.bodyLimit ?? defaultBodyLimit)
    const asked = await ask(endpoint, body)
    const gone = goneSignal(response)
    if (endpoint.stream) {
      const { streamHttp } = await import('./stream-http.ts')
      return await streamHttp({ ...exchange, id, asked, signal: AbortSignal.any([exchange.stopping, gone]) })
    }
    // Work that was begun is finished: only a caller that left ends it.
    const state = { headers: request.headers, signal: gone, answer: response }
    const result = await storage.run(state, async () => endpoint.run?.(asked as never, contextOf(state)))
    json(response, 200, (await promised(endpoint, name, result)) ?? {})
  } catch (error) {
    failWith(response, id, name, error)
  }
}

/** The trace when there is one, so that one id finds the call everywhere. */
export function callId(request: IncomingMessage): string {
  return traceOf(request.headers) ?? randomBytes(16).toString('hex')
}

function failWith(response: ServerResponse, id: string, name: string, error: unknown): void {
  const { code, detail } = report(id, name, error)
  if (response.destroyed || response.headersSent) return void response.destroy()
  fail(response, id, code, detail)
}

export function fail(response: ServerResponse, id: string, code: number, detail: string): void {
  json(response, code, errorForm(id, code, detail))
}

export function json(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value)
  // The rest of a body that was refused would be read as the next request.
  if (!response.req.complete) response.setHeader('connection', 'close')
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text)
}

function queryOf(request: IncomingMessage): unknown {
  return Object.fromEntries(new URL(request.url ?? '/', 'http://service').searchParams)
}

async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  const tooLarge = () => new ServiceError(413, `the body is larger than ${limit} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) {
        request.pause()
        reject(tooLarge())
      } else chunks.push(chunk)
    })
    request.on('end', resolve)
    request.on('error', () => reject(new ServiceError(400, 'the body was cut off')))
    request.on('aborted', () => reject(new ServiceError(400, 'the body was cut off')))
  })
  return parseJson(Buffer.concat(chunks).toString('utf8'))
}

export function parseJson(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ServiceError(400, `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
