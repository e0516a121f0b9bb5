import type { CallHeaders } from '../call.ts'
import { FieldNames } from '../field-names.ts'

/** The head of a request that can be read in one way only. */
export interface Head {
  method: string
  /** In origin form. */
  url: string
  rawHeaders: string[]
  headers: CallHeaders
  /** Bytes of the body. */
  length: number
  /** No other request follows. */
  close: boolean
  /** Protocol to switch to: only a websocket's plain request is read here. */
  upgrade: string | undefined
  /** Where the body begins. */
  end: number
  /** Another request of the same connection said the same, to the byte. */
  repeated: boolean
}

/** Above it, or with more fields, node:http says whether it is too much. */
const maxHead = 16 << 10
const maxFields = 100
const [cr, lf, space, slash, colon] = [13, 10, 32, 47, 58]
const version = Buffer.from(' HTTP/1.1\r\n')

/** tchar, RFC 9110 §5.6.2 */
const isToken = tableOf((character) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character))
/** What a field's value is made of here: no tab, nothing beyond ASCII. */
const isPrintable = tableOf((character) => character >= ' ' && character <= '~')
const isVisible = tableOf((character) => character > ' ' && character <= '~')

/** Methods without a meaning for the connection itself. */
const methods = new Set(['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])

/** Fields that are for node:http to deal with, whatever they say. */
const others = new Set(['transfer-encoding', 'expect', 'trailer', 'http2-settings', 'proxy-connection'])

/** All of one shape, so that reading them costs next to nothing. */
class Fields {
  'accept': string | undefined = undefined
  'authorization': string | undefined = undefined
  'baggage': string | undefined = undefined
  'connection': string | undefined = undefined
  'content-length': string | undefined = undefined
  'cookie': string | undefined = undefined
  'expect': undefined = undefined
  'host': string | undefined = undefined
  'm3o-authorization': string | undefined = undefined
  'm3o-environment': string | undefined = undefined
  'm3o-hops': string | undefined = undefined
  'micro-namespace': string | undefined = undefined
  'origin': string | undefined = undefined
  'referer': string | undefined = undefined
  'sec-fetch-dest': string | undefined = undefined
  'sec-fetch-mode': string | undefined = undefined
  'sec-fetch-site': string | undefined = undefined
  'service-worker': string | undefined = undefined
  'traceparent': string | undefined = undefined
  'transfer-encoding': undefined = undefined
  'upgrade': string | undefined = undefined
  'via': string | undefined = undefined
  'x-forwarded-for': string | undefined = undefined
}

type FieldName = Exclude<keyof Fields, 'expect' | 'transfer-encoding'>
const read = new Set(Object.keys(new Fields()))

/** Which field the rules read; `other` for those that they do not. */
const names = new FieldNames((lower): FieldName | 'other' | 'not ours' =>
  others.has(lower) ? 'not ours' : read.has(lower) ? (lower as FieldName) : 'other',
)

/** Where names and values lie in the head that is just being read. */
const places = new Int32Array(4 * maxFields)

/**
 * Reads the head that begins at `from`; undefined for anything but a plain one that is there as a whole: what llhttp would also
 * refuse, what another reader might take for something else, and what is merely unusual.
 */
export function readHead(bytes: Buffer, from: number): Head | undefined {
  const limit = Math.min(bytes.length, from + maxHead)
  let at = from
  while (at < limit && isToken[bytes[at] as number] === 1) at++
  const method = bytes.toString('latin1', from, Math.min(at, from + 8))
  if (!methods.has(method) || bytes[at] !== space || bytes[at + 1] !== slash) return undefined
  const urlAt = ++at
  while (at < limit && isVisible[bytes[at] as number] === 1) at++
  const urlEnd = at
  for (let i = 0; i < version.length; i++, at++) if (bytes[at] !== version[i]) return undefined
  let fields = 0
  const fieldsAt = at
  while (at < limit && bytes[at] !== cr) {
    if (fields === maxFields) return undefined
    const nameAt = at
    while (at < limit && isToken[bytes[at] as number] === 1) at++
    if (at === nameAt || bytes[at] !== colon) return undefined
    const nameEnd = at++
    if (bytes[at] === space) at++
    const valueAt = at
    while (at < limit && isPrintable[bytes[at] as number] === 1) at++
    // Spaces more than the usual one are trimmed by most readers.
    if (
      at === valueAt ||
      bytes[valueAt] === space ||
      bytes[at - 1] === space ||
      bytes[at] !== cr ||
      bytes[at + 1] !== lf
    )
      return undefined
    const place = 4 * fields++
    places[place] = nameAt
    places[place + 1] = nameEnd
    places[place + 2] = valueAt
    places[place + 3] = at
    at += 2
  }
  if (at + 1 >= limit || bytes[at] !== cr || bytes[at + 1] !== lf) return undefined
  return take(bytes, { method, urlAt, urlEnd, fieldsAt, fields, end: at + 2 })
}

interface Found {
  method: string
  urlAt: number
  urlEnd: number
  fieldsAt: number
  fields: number
  end: number
}

function take(bytes: Buffer, { method, urlAt, urlEnd, fieldsAt, fields, end }: Found): Head | undefined {
  const text = bytes.toString('latin1', fieldsAt, end)
  const rawHeaders: string[] = []
  const headers = new Fields()
  for (let i = 0; i < 4 * fields; i += 4) {
    const name = text.slice((places[i] as number) - fieldsAt, (places[i + 1] as number) - fieldsAt)
    const field = names.of(name)
    if (field === 'not ours') return undefined
    let value: string
    if (field === 'host' || field === 'traceparent') {
      // These are remembered; as a part of the head's text they would keep all of it.
      value = bytes.toString('latin1', places[i + 2], places[i + 3])
    } else {
      value = text.slice((places[i + 2] as number) - fieldsAt, (places[i + 3] as number) - fieldsAt)
    }
    if (field !== 'other') {
      if (headers[field] !== undefined) return undefined
      headers[field] = value
    }
    rawHeaders.push(name, value)
  }
  const { host, connection, upgrade, 'content-length': said } = headers
  if (host === undefined) return undefined
  const length = said === undefined ? 0 : lengthIn(said)
  const close =
    upgrade !== undefined
      ? switches(method, upgrade, connection) && said === undefined
      : connection === undefined
        ? false
        : closes(connection)
  if (length === undefined || close === undefined || (upgrade !== undefined && !close)) return undefined
  return {
    method,
    url: bytes.toString('latin1', urlAt, urlEnd),
    rawHeaders,
    headers,
    length,
    close,
    upgrade,
    end,
    repeated: false,
  }
}

/** As everybody writes it. */
function lengthIn(text: string): number | undefined {
  return text === '0' || /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined
}

/** As browsers and libraries ask for a websocket (RFC 6455 §4.1). */
function switches(method: string, upgrade: string, connection: string | undefined): boolean {
  return (
    upgrade === 'websocket' &&
    method === 'GET' &&
    (connection === 'Upgrade' || connection === 'upgrade' || connection === 'keep-alive, Upgrade')
  )
}

function closes(connection: string): boolean | undefined {
  if (connection === 'keep-alive' || connection === 'Keep-Alive') return false
  return connection === 'close' || connection === 'Close' ? true : undefined
}

function tableOf(holds: (character: string) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => Number(holds(String.fromCharCode(code))))
}
