import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { headersFor } from './carried-headers.ts'
import { currentState } from './carry-to-threads.ts'
import { keepIn } from './keep-state.ts'

/** Adds the context of the call being answered to the requests that go to the gateway, as they are made. */
export function addToCalls(gatewayUrl: string | undefined): void {
  const gateway = parseGateway(gatewayUrl)
  // `http.request`, and all that is built on it.
  subscribe('http.client.request.created', (message) => {
    const { request } = message as { request: ClientRequest }
    const state = currentState()
    if (state === undefined) return
    // Its connection calls nobody back in a context of its own.
    keepIn(state, request)
    if (gateway !== undefined && request.path.startsWith(gateway.path) && isTo(request, gateway)) addToRequest(request)
  })
  if (gateway === undefined) return
  // `fetch`, and any copy of undici.
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: UndiciRequest }
    if (request.path.startsWith(gateway.path) && String(request.origin) === gateway.origin) addToUndici(request)
  })
}

interface Gateway {
  origin: string
  protocol: string
  host: string
  path: string
}

/** The path holds a key of 128 bits, so it alone tells the gateway; the host keeps it from others who learned of the key. */
function parseGateway(text: string | undefined): Gateway | undefined {
  if (!text || !URL.canParse(text)) return undefined
  const { origin, protocol, host, pathname } = new URL(text)
  return { origin, protocol, host, path: pathname.endsWith('/') ? pathname : `${pathname}/` }
}

function isTo(request: ClientRequest, gateway: Gateway): boolean {
  const host = request.getHeader('host')
  // Headers given as a list are written at once, and Node does not look into them.
  if (host === undefined) return gateway.host === request.host || gateway.host.startsWith(`${request.host}:`)
  return request.protocol === gateway.protocol && (host === gateway.host || String(host) === gateway.host)
}

function addToRequest(request: ClientRequest): void {
  if (!request.headersSent) {
    for (const [name, value] of headersFor((name) => request.getHeader(name))) request.setHeader(name, value)
    return
  }
  const written = request as unknown as { _header: string | null; _headerSent?: boolean }
  if (written._header === null || written._headerSent === true) return
  const lines = written._header.split('\r\n')
  const at = (name: string) => lines.findIndex((line) => line.toLowerCase().startsWith(`${name}:`))
  for (const [name, value] of headersFor((name) =>
    at(name) < 0 ? undefined : lines[at(name)]?.slice(name.length + 1).trim(),
  )) {
    lines.splice(at(name) < 0 ? 1 : at(name), at(name) < 0 ? 0 : 1, `${name}: ${value}`)
  }
  written._header = lines.join('\r\n')
}

/** undici keeps headers as one text, or as a flat list of names and values, by version. */
interface UndiciRequest {
  origin: string | URL
  path: string
  headers: string | unknown[]
  addHeader(name: string, value: string): void
}

function addToUndici(request: UndiciRequest): void {
  const { headers } = request
  const at = (name: string) =>
    Array.isArray(headers)
      ? headers.findIndex((each, index) => index % 2 === 0 && String(each).toLowerCase() === name)
      : -1
  const line = (name: string) =>
    typeof headers === 'string' ? new RegExp(`^${name}: *(.*)\r\n`, 'im').exec(headers) : null
  for (const [name, value] of headersFor((name) =>
    at(name) >= 0 ? (headers as unknown[])[at(name) + 1] : line(name)?.[1],
  )) {
    if (at(name) >= 0) (headers as unknown[])[at(name) + 1] = value
    else if (line(name))
      request.headers = String(request.headers).replace(line(name)?.[0] ?? '', `${name}: ${value}\r\n`)
    else request.addHeader(name, value)
  }
}
