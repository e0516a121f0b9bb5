import { z } from 'zod'
import { maxInlinedValues } from '#contract/bounds.ts'
import { description } from '#contract/endpoints.ts'
import type { Endpoint, JsonSchema } from '#contract/endpoints.ts'

const anything = z.record(z.string(), z.unknown())

const operation = z.looseObject({
  operationId: z.string().optional(),
  summary: z.string().optional(),
  description: z.string().optional(),
  parameters: z
    .array(
      z.looseObject({
        name: z.string(),
        required: z.boolean().optional(),
        schema: anything.optional(),
        description: z.string().optional(),
      }),
    )
    .optional(),
  requestBody: z.looseObject({ content: anything.optional(), required: z.boolean().optional() }).optional(),
  responses: anything.optional(),
})
type Operation = z.output<typeof operation>

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const
const maxOperations = 500

/**
 * Endpoints of an OpenAPI 3 document (https://spec.openapis.org/oas/v3.1.0); what in it is not understood is left out.
 * `leftOut` is told when it is too large to be read to its end.
 */
export function endpointsOfOpenApi(document: unknown, leftOut: (why: string) => void = () => {}): Endpoint[] {
  const root = z.looseObject({ openapi: z.string().startsWith('3'), paths: anything }).safeParse(document)
  if (!root.success) return []
  const found = new Map<string, Endpoint>()
  const reading = { root: root.data, left: maxInlinedValues }
  for (const [path, item] of Object.entries(root.data.paths)) {
    const operations = anything.safeParse(item)
    for (const method of operations.success ? methods : []) {
      if (reading.left <= 0)
        leftOut(
          `/openapi.json has more than ${maxInlinedValues.toLocaleString('en')} values once its references are followed`,
        )
      if (found.size >= maxOperations || reading.left <= 0) return [...found.values()]
      const said = operations.data?.[method]
      const parsed = said === undefined ? undefined : operation.safeParse(said)
      if (!parsed?.success) continue
      const endpoint = describeOperation(parsed.data, { method, path, reading })
      if (description.safeParse({ endpoints: [endpoint] }).success && !found.has(endpoint.name))
        found.set(endpoint.name, endpoint)
    }
  }
  return [...found.values()]
}

function describeOperation(of: Operation, at: { method: string; path: string; reading: Reading }): Endpoint {
  const { method, path, reading } = at
  const words = (of.summary ?? of.description)?.slice(0, 2_000)
  const ok = Object.entries(of.responses ?? {}).find(([status]) => status.startsWith('2'))?.[1]
  return {
    name: of.operationId && /^[A-Za-z][\w.-]{0,119}$/.test(of.operationId) ? of.operationId : nameOf(method, path),
    ...(words && { description: words }),
    request: requestOf(of, reading),
    response: inline(schemaOf(anything.safeParse(ok).data?.content), reading),
    stream: false,
    method: method.toUpperCase(),
    path,
  }
}

/** `get /users/{id}` → `get_users_id`. */
function nameOf(method: string, path: string): string {
  return [method, ...path.split(/[^A-Za-z0-9]+/).filter(Boolean)].join('_').slice(0, 120)
}

/** Parameters and the body's properties side by side: one form. */
function requestOf({ parameters = [], requestBody }: Operation, reading: Reading): JsonSchema {
  const body = inline(schemaOf(requestBody?.content), reading)
  if (parameters.length === 0) return body
  const inner = anything.safeParse(body.properties)
  const properties = {
    ...Object.fromEntries(
      parameters.map(({ name, schema, description: text }) => [
        name,
        { ...inline(schema ?? {}, reading), ...(text && { description: text }) },
      ]),
    ),
    ...(inner.success && inner.data),
  }
  const required = [
    ...parameters.filter((each) => each.required).map((each) => each.name),
    ...(Array.isArray(body.required) ? body.required : []),
  ]
  return { type: 'object', properties, ...(required.length > 0 && { required }) }
}

function schemaOf(content: unknown): JsonSchema {
  const types = anything.safeParse(content)
  const json = Object.entries(types.success ? types.data : {}).find(([type]) => /json/.test(type))?.[1]
  return anything.safeParse(anything.safeParse(json).data?.schema).data ?? {}
}

/** One document, and how many values may still be copied out of it. */
interface Reading {
  root: Record<string, unknown>
  left: number
}

const maxInlined = 2_000
const maxNesting = 60

/** With `#/…` references replaced by what they name; one within itself, or beyond the bound, is left open (`{}`). */
function inline(schema: JsonSchema, reading: Reading): JsonSchema {
  let left = Math.min(maxInlined, reading.left)
  reading.left -= left
  const walk = (value: unknown, within: readonly string[], depth: number): unknown => {
    if ((left -= 1) < 0 || depth > maxNesting) return {}
    if (Array.isArray(value)) return value.slice(0, left).map((each) => walk(each, within, depth + 1))
    if (typeof value !== 'object' || value === null) return value
    if (within.length > 20) return {}
    const reference = (value as { $ref?: unknown }).$ref
    if (typeof reference === 'string')
      return within.includes(reference) ? {} : walk(lookUp(reference, reading.root), [...within, reference], depth + 1)
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, walk(each, within.length > 0 ? within : [''], depth + 1)]),
    )
  }
  const inlined = anything.safeParse(walk(schema, [], 0)).data ?? {}
  reading.left += Math.max(0, left)
  return inlined
}

function lookUp(reference: string, root: Record<string, unknown>): unknown {
  if (!reference.startsWith('#/')) return {}
  let at: unknown = root
  for (const part of reference.slice(2).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return {}
    at = (at as Record<string, unknown>)[key]
  }
  return at
}
