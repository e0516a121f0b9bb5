import type { Endpoint } from '#contract/endpoints.ts'
import { hasBody, placeOf } from '#contract/openapi.ts'
import type { Json } from './schema-form.ts'

export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const
export type Method = (typeof methods)[number]

/** A request to a service, as it is sent, kept in the history, and written as snippets. */
export interface CallRequest {
  /** Null for a plain path. */
  endpoint: string | null
  method: Method
  /** `/Hello`, `/posts/1?page=2`. */
  path: string
  headers: [name: string, value: string][]
  body: string | null
}

export const methodOf = (endpoint: Pick<Endpoint, 'method'>): Method => methods.find((each) => each === endpoint.method?.toUpperCase()) ?? 'POST'

/** How a described endpoint is asked with this value: its names go into path, query and body by contract/openapi.ts. */
export function requestOf(endpoint: Endpoint, value: Json | undefined, headers: CallRequest['headers'] = []): CallRequest {
  const method = methodOf(endpoint)
  const template = endpoint.path ?? `/${endpoint.name}`
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  const entries = isRecord ? Object.entries(value) : []
  const path = template.replace(/\{([^{}]+)\}/g, (_, name: string) => encodeURIComponent(plain(entries.find(([key]) => key === name)?.[1])))
  const placed = (place: 'query' | 'body') => entries.filter(([name]) => placeOf(name, template, method) === place)
  const query = new URLSearchParams(placed('query').flatMap(([name, inner]) => (Array.isArray(inner) ? inner : [inner]).map((each) => [name, plain(each)]))).toString()
  const body = isRecord ? Object.fromEntries(placed('body')) : value
  return {
    endpoint: endpoint.name, method, path: query === '' ? path : `${path}?${query}`,
    headers, body: hasBody(method) ? JSON.stringify(body ?? {}) : null,
  }
}

const plain = (value: Json | undefined): string => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value))
