import type { Endpoint, JsonSchema } from './endpoints.ts'

export interface OpenApiOptions {
  title: string
  description?: string
  revision: string | null
  /** Base URL under which the paths lie. */
  server: string
}

/** An OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0) of what a service describes of itself. */
export function openApiOf(
  endpoints: readonly Endpoint[],
  { title, description, revision, server }: OpenApiOptions,
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const endpoint of endpoints) {
    const path = endpoint.path ?? `/${endpoint.name}`
    const method = (endpoint.method ?? 'POST').toLowerCase()
    paths[path] = { ...paths[path], [method]: operationOf(endpoint, path, method) }
  }
  return {
    openapi: '3.1.0',
    info: { title, version: revision ?? 'not deployed', ...(description && { description }) },
    servers: [{ url: server.replace(/\/$/, '') }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A platform token: m3o_…' } },
    },
    security: [{ token: [] }],
  }
}

function operationOf({ name, description, request, response, stream }: Endpoint, path: string, method: string) {
  const { parameters, body } = split(request, path, method)
  return {
    operationId: name,
    ...(description && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      200: {
        description: stream ? 'A stream of messages; a websocket on the same path streams them too' : 'The response',
        content: { [stream ? 'text/event-stream' : 'application/json']: { schema: response } },
      },
      default: {
        description: 'An error',
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: {
                id: { type: 'string' },
                code: { type: 'integer' },
                detail: { type: 'string' },
                status: { type: 'string' },
              },
            },
          },
        },
      },
    },
  }
}

/** Names in braces go into the path, and what a method without a body has into the query; the rest is the body. */
export function placeOf(name: string, path: string, method: string): 'path' | 'query' | 'body' {
  if (path.includes(`{${name}}`)) return 'path'
  return hasBody(method) ? 'body' : 'query'
}

export const hasBody = (method: string): boolean => !['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method.toUpperCase())

function split(
  request: JsonSchema,
  path: string,
  method: string,
): { parameters: unknown[]; body: JsonSchema | undefined } {
  const properties = isObject(request['properties']) ? request['properties'] : {}
  const required = Array.isArray(request['required']) ? request['required'] : []
  const outside = Object.keys(properties).filter((name) => placeOf(name, path, method) !== 'body')
  const parameters = outside.map((name) => {
    const place = placeOf(name, path, method)
    return { name, in: place, required: place === 'path' || required.includes(name), schema: properties[name] }
  })
  if (!hasBody(method)) return { parameters, body: undefined }
  if (outside.length === 0) return { parameters, body: request }
  const inside = Object.entries(properties).filter(([name]) => !outside.includes(name))
  const still = required.filter((name) => !outside.includes(name as string))
  return { parameters, body: { ...request, properties: Object.fromEntries(inside), required: still } }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
