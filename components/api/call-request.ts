import { endpointCall } from '#contract/endpoint-call.ts'
import type { Endpoint } from '#contract/endpoints.ts'
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

const methodOf = (endpoint: Pick<Endpoint, 'method'>): Method =>
  methods.find((each) => each === endpoint.method?.toUpperCase()) ?? 'POST'

/** How a described endpoint is asked with this value. */
export function requestOf(
  endpoint: Endpoint,
  value: Json | undefined,
  headers: CallRequest['headers'] = [],
): CallRequest {
  const { path, body } = endpointCall(endpoint, value)
  return { endpoint: endpoint.name, method: methodOf(endpoint), path, headers, body }
}
