import type { Endpoint } from './endpoint.ts'
import { jsonSchema } from './schema.ts'
import type { JsonSchema } from './schema.ts'

export interface Described {
  endpoints: { name: string; description?: string; request: JsonSchema; response: JsonSchema; stream: boolean }[]
}

const known = new WeakMap<object, Promise<Described>>()

/** The endpoints of a service as data, in the order in which they are written. */
export function describe(endpoints: Readonly<Record<string, Endpoint>>): Promise<Described> {
  let found = known.get(endpoints)
  if (!found) known.set(endpoints, (found = build(endpoints)))
  return found
}

async function build(endpoints: Readonly<Record<string, Endpoint>>): Promise<Described> {
  const list = Object.entries(endpoints).map(async ([name, { description, request, response, stream }]) => ({
    name,
    ...(description && { description }),
    request: await jsonSchema(request, 'input'),
    response: await jsonSchema(response, 'output'),
    stream: stream !== undefined,
  }))
  return { endpoints: await Promise.all(list) }
}
