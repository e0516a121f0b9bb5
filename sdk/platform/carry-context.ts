import { subscribe } from 'node:diagnostics_channel'
import http from 'node:http'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import https from 'node:https'
import { carried, storage } from '../context.ts'

/**
 * Carries a call's context (environment, trace, hops) on to the calls that are made while it is answered, in any code:
 * express, plain http, fetch, another undici. Only to the gateway: nobody else is to learn of it.
 */
export function carryContext(): void {
  enterOnRequest(http.Server.prototype)
  enterOnRequest(https.Server.prototype)
  const gateway = parseGateway(process.env.M3O_GATEWAY)
  if (gateway) addOnCall(gateway)
}

interface Gateway { origin: string; path: string }

function parseGateway(text: string | undefined): Gateway | undefined {
  if (!text || !URL.canParse(text)) return undefined
  const { origin, pathname } = new URL(text)
  return { origin, path: pathname.endsWith('/') ? pathname : `${pathname}/` }
}

const never = new AbortController().signal
type Emit = (event: string | symbol, ...args: unknown[]) => boolean

function enterOnRequest(prototype: http.Server): void {
  const emit = prototype.emit as Emit
  const entering: Emit = function (this: http.Server, event, ...args) {
    if (event !== 'request' && event !== 'upgrade' && event !== 'checkContinue') return emit.call(this, event, ...args)
    const request = args[0] as IncomingMessage
    const state = { headers: request.headers, signal: never }
    // Listeners of a body or of an upgraded socket are called by the connection, which belongs to no single call.
    keepIn(state, request)
    if (event === 'upgrade') keepIn(state, args[1] as { emit: Emit })
    return storage.run(state, () => emit.call(this, event, ...args))
  }
  prototype.emit = entering
}

function keepIn(state: { headers: IncomingHttpHeaders; signal: AbortSignal }, emitter: { emit: Emit }): void {
  const emit = emitter.emit
  emitter.emit = function (this: typeof emitter, ...args) {
    return storage.getStore()?.headers === state.headers ? emit.apply(this, args) : storage.run(state, () => emit.apply(this, args))
  }
}

function addOnCall(gateway: Gateway): void {
  // `http.request`, and all that is built on it. The path holds a key of 128 bits, so it alone tells the gateway.
  subscribe('http.client.request.created', (message) => {
    const { request } = message as { request: ClientRequest }
    if (request.headersSent || !request.path.startsWith(gateway.path)) return
    if (`${request.protocol}//${String(request.getHeader('host'))}` !== gateway.origin) return
    for (const [name, value] of headersFor((name) => request.getHeader(name))) request.setHeader(name, value)
  })
  // `fetch`, and any copy of undici.
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: UndiciRequest }
    if (String(request.origin) !== gateway.origin || !request.path.startsWith(gateway.path)) return
    const has = namesOf(request.headers)
    for (const [name, value] of headersFor((name) => has.get(name))) if (!has.has(name) || name === 'baggage') request.addHeader(name, value)
  })
}

interface UndiciRequest {
  origin: string | URL
  path: string
  headers: string | string[]
  addHeader(name: string, value: string): void
}

/** What to set; what the service itself said of trace and environment stays. */
function headersFor(own: (name: string) => unknown): [string, string][] {
  const inbound = storage.getStore()?.headers
  if (!inbound) return []
  const headers: [string, string][] = []
  for (const name of carried) {
    const value = inbound[name]
    if (typeof value !== 'string') continue
    const there = own(name)
    if (there === undefined || name === 'm3o-hops') headers.push([name, value])
    else if (name === 'baggage' && !String(there).includes('m3o-env=')) headers.push([name, value])
  }
  return headers
}

/** undici keeps headers as one text, or as a flat list of names and values, by version. */
function namesOf(headers: string | string[]): Map<string, string> {
  const flat = typeof headers === 'string' ? headers.split('\r\n').flatMap((line) => line.split(/:\s*/, 2)) : headers
  const map = new Map<string, string>()
  for (let at = 0; at + 1 < flat.length; at += 2) map.set(String(flat[at]).toLowerCase(), String(flat[at + 1]))
  return map
}
