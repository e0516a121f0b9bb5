import type { Endpoint } from './endpoints.ts'
import { hasBody, placeOf } from './openapi.ts'

/** How an endpoint is asked with a value: by contract/openapi.ts its names go into the path, the query and the body. */
export function endpointCall(
  endpoint: Pick<Endpoint, 'name' | 'method' | 'path'>,
  value: unknown,
): { method: string; path: string; body: string | null } {
  const method = endpoint.method?.toUpperCase() ?? 'POST'
  const template = endpoint.path ?? `/${endpoint.name}`
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  const entries = isRecord ? Object.entries(value) : []
  const path = template.replace(/\{([^{}]+)\}/g, (_, name: string) =>
    encodeURIComponent(plain(entries.find(([key]) => key === name)?.[1])),
  )
  const placed = (place: 'query' | 'body') => entries.filter(([name]) => placeOf(name, template, method) === place)
  const query = new URLSearchParams(
    placed('query').flatMap(([name, inner]) =>
      (Array.isArray(inner) ? inner : [inner]).map((each) => [name, plain(each)]),
    ),
  ).toString()
  const body = isRecord ? Object.fromEntries(placed('body')) : value
  return {
    method,
    path: query === '' ? path : `${path}?${query}`,
    body: hasBody(method) ? JSON.stringify(body ?? {}) : null,
  }
}

const plain = (value: unknown): string =>
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
