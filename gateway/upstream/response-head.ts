import { FieldNames } from '../field-names.ts'
import type { Environment, Release, Service } from '../routes/entities.ts'
import type { HeadText } from '../wire/head-text.ts'

export interface ResponseHead {
  /** As it came. */
  text: string
  status: number
  reason: string
  /** Name and value in turn, end-to-end fields only. */
  headers: readonly string[]
  setsCookie: boolean
  /** Whether the connection may carry another exchange. */
  reusable: boolean
  /** How long the service says that it keeps an idle connection, from `Keep-Alive: timeout=`. */
  idleMs: number | undefined
  /** Bytes of the body; -1 chunked; -2 until the connection ends. */
  length: number
  upgrade: string | undefined
  /** The service said the same before, on the same connection. */
  repeated: boolean
  /** How that was said to its caller. */
  said: SaidAnswer | undefined
}

/** An answer's head as callers of one service get it. */
interface SaidAnswer {
  service: Service
  release: Release | undefined
  environment: Environment | undefined
  byHost: boolean
  text: HeadText
}

/** What the service said is not HTTP/1.1; the message goes on: "the service answered …". */
export class MalformedResponse extends Error {}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Anything else in a value is no part of HTTP (RFC 9110 §5.5), and node:http would not pass it on either. */
const forbidden = /[^\t\x20-\x7e\x80-\xff]/

type Kind =
  | 'plain'
  | 'dropped'
  | 'connection'
  | 'keep-alive'
  | 'upgrade'
  | 'set-cookie'
  | 'content-length'
  | 'transfer-encoding'
const special = new Set<string>([
  'connection',
  'keep-alive',
  'upgrade',
  'set-cookie',
  'content-length',
  'transfer-encoding',
] satisfies Kind[])
const dropped = new Set(['trailer', 'proxy-connection', 'proxy-authenticate'])
const kinds = new FieldNames((lower): Kind => {
  if (!token.test(lower)) throw malformedField()
  return dropped.has(lower) ? 'dropped' : special.has(lower) ? (lower as Kind) : 'plain'
})
const malformedField = () => new MalformedResponse('a malformed header')

/** One header or trailer line; a folded one is refused. */
export function parseField(line: string): [string, string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon))
  const value = line.slice(colon + 1).trim()
  if (!token.test(name) || forbidden.test(value)) throw malformedField()
  return [name, value]
}

/** The head without its last empty line. `toHead`: of an answer to HEAD. */
export function parseHead(text: string, toHead: boolean): ResponseHead {
  let end = endOfLine(text, 0)
  const first = statusLine.exec(text.slice(0, end))
  if (first === null) throw new MalformedResponse('a malformed status line')
  const status = Number(first[2])
  const headers: string[] = []
  let length: number | undefined
  let chunked = false
  let connection = ''
  let upgrade: string | undefined
  let idleMs: number | undefined
  let setsCookie = false
  while (end < text.length) {
    const begin = end + 2
    end = endOfLine(text, begin)
    const colon = text.indexOf(':', begin)
    if (colon < 0 || colon > end) throw malformedField()
    const name = text.slice(begin, colon)
    const kind = kinds.of(name)
    const value = text.slice(colon + 1, end).trim()
    if (forbidden.test(value)) throw malformedField()
    switch (kind) {
      case 'plain':
        break
      case 'dropped':
        continue
      case 'upgrade':
        upgrade = value
        continue
      case 'connection':
        connection += `,${value.toLowerCase()}`
        continue
      case 'keep-alive':
        idleMs = keepAliveMs(value)
        continue
      case 'set-cookie':
        setsCookie = true
        break
      case 'transfer-encoding':
        if (chunked || value.toLowerCase() !== 'chunked')
          throw new MalformedResponse('a transfer encoding that is not chunked')
        chunked = true
        continue
      case 'content-length': {
        const bytes = contentLength(value)
        if (length !== undefined) {
          if (length !== bytes) throw new MalformedResponse('two different lengths')
          continue
        }
        length = bytes
        if (status === 204) continue
      }
    }
    headers.push(name, value)
  }
  const old = first[1] === '0'
  const bodiless = toHead || status < 200 || status === 204 || status === 304
  if (chunked && (length !== undefined || (old && !bodiless))) throw new MalformedResponse('a body with two lengths')
  const named =
    connection === ''
      ? []
      : connection
          .split(',')
          .map((option) => option.trim())
          .filter(Boolean)
  const framed = bodiless ? 0 : chunked ? -1 : (length ?? -2)
  return {
    text,
    status,
    reason: first[3] ?? '',
    headers: named.some((option) => option !== 'close' && option !== 'keep-alive' && option !== 'upgrade')
      ? without(headers, named)
      : headers,
    setsCookie,
    reusable: framed !== -2 && !named.includes('close') && (!old || named.includes('keep-alive')),
    idleMs,
    length: framed,
    upgrade,
    repeated: false,
    said: undefined,
  }
}

/** Fields that `Connection` names belong to this hop (RFC 9110 §7.6.1); how the body is framed never does. */
function without(headers: string[], named: string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const lower = name.toLowerCase()
    if (lower === 'content-length' || !named.includes(lower)) kept.push(name, headers[i + 1] as string)
  }
  return kept
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from)
  return end < 0 ? text.length : end
}

function contentLength(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new MalformedResponse('a length that is not a number')
  return Number(value)
}

function keepAliveMs(value: string): number | undefined {
  const seconds = /(?:^|[,\s])timeout\s*=\s*"?(\d{1,6})/i.exec(value)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
