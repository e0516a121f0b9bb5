import { z } from 'zod'

/** A JSON Schema document (2020-12), as far as we look into it: an object of bounded size. */
export type JsonSchema = Record<string, unknown>

const maxEndpoints = 500
const maxDepth = 40

/** Something callable of a service. Schemas keep their source's order of properties. */
export interface Endpoint {
  name: string
  description?: string
  request: JsonSchema
  response: JsonSchema
  /** Answers many times: over a websocket, server-sent events or lines of JSON. */
  stream: boolean
  /** How it is asked when it is not `POST /{name}`: of services that an OpenAPI document describes. */
  method?: string
  path?: string
}

const jsonSchema = z
  .record(z.string(), z.unknown())
  .refine((value) => depthOf(value) <= maxDepth, 'the schema is nested too deeply')

/** As a path segment: `Hello`, `Posts.Create`. */
const endpointName = /^[A-Za-z][A-Za-z0-9_.-]{0,119}$/

export const endpoint: z.ZodType<Endpoint> = z.object({
  name: z.string().regex(endpointName),
  description: z.string().max(2_000).exactOptional(),
  request: jsonSchema,
  response: jsonSchema,
  stream: z.boolean(),
  method: z.string().max(10).exactOptional(),
  path: z.string().max(500).exactOptional(),
})

/** Answer of `GET /_m3o/describe`. It comes from a service, so it is not to be trusted. */
export const description = z.object({ endpoints: z.array(endpoint).max(maxEndpoints) })

/** Depth of a value that came from JSON, looked at without recursion (it may be deep on purpose). */
function depthOf(value: unknown): number {
  let level: unknown[] = [value]
  let depth = 0
  while (level.length > 0 && depth <= maxDepth) {
    depth += 1
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
  return depth
}
