import type { Endpoint } from '#contract/endpoints.ts'
import { type CallRequest, type Method, requestOf } from './call-request.ts'
import { asTyped, fieldOf, initialOf, type Json } from './schema-form.ts'

/** A request that is being put together. Of an endpoint: its value, by form or as text; of a plain path: all of it. */
export interface Draft {
  mode: 'form' | 'json'
  value: Json | undefined
  /** The value as text while mode is `json`; it may be no JSON yet. */
  text: string
  method: Method
  path: string
  body: string
  headers: [string, string][]
}

const empty: Draft = { mode: 'form', value: undefined, text: '', method: 'GET', path: '/', body: '', headers: [] }

export function draftFor(endpoint: Endpoint | null): Draft {
  if (endpoint === null) return empty
  const value = initialOf(fieldOf(endpoint.request)) ?? {}
  return { ...empty, value, text: pretty(value) }
}

/** A past call, to be looked at and made again. */
export function draftFrom(request: CallRequest, endpoint: Endpoint | null): Draft {
  const base = draftFor(endpoint)
  if (endpoint === null)
    return { ...base, method: request.method, path: request.path, body: request.body ?? '', headers: request.headers }
  const value = parseJson(request.body ?? '')
  return value === undefined
    ? { ...base, headers: request.headers }
    : { ...base, value, text: pretty(value), headers: request.headers }
}

/** Undefined while it is no JSON. */
export function requestFrom(draft: Draft, endpoint: Endpoint | null): CallRequest | undefined {
  const headers = draft.headers
    .filter(([name]) => name.trim() !== '')
    .map(([name, value]): [string, string] => [name.trim(), value])
  if (endpoint !== null) {
    const value = draft.mode === 'form' ? draft.value : parseJson(draft.text)
    return value === undefined && draft.mode === 'json' ? undefined : requestOf(endpoint, value, headers)
  }
  const path = draft.path.startsWith('/') ? draft.path : `/${draft.path}`
  const mayHaveBody = !['GET', 'HEAD'].includes(draft.method)
  return {
    endpoint: null,
    method: draft.method,
    path,
    headers,
    body: mayHaveBody && draft.body !== '' ? draft.body : null,
  }
}

/** Form and text say the same: what is typed in one is in the other when it is opened. */
export function inMode(draft: Draft, mode: Draft['mode']): Draft {
  if (mode === draft.mode) return draft
  if (mode === 'json') return { ...draft, mode, text: pretty(asTyped(draft.value ?? {})) }
  return { ...draft, mode, value: parseJson(draft.text) ?? draft.value }
}

export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** What the parser says is wrong, without the text itself. */
export function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1]
    const line = position === undefined ? undefined : text.slice(0, Number(position)).split('\n').length
    return line === undefined ? 'This is not valid JSON' : `This is not valid JSON: see line ${line}`
  }
}

const pretty = (value: Json): string => JSON.stringify(value, null, 2)
