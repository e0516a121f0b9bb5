import { z } from 'zod'
import { description } from '#contract/endpoints.ts'
import type { Endpoint, JsonSchema } from '#contract/endpoints.ts'

const anything = z.record(z.string(), z.unknown())

const operation = z.looseObject({
  operationId: z.string().optional(),
  summary: z.string().optional(),
  description: z.string().optional(),
  parameters: z.array(z.looseObject({ name: z.string(), required: z.boolean().optional(), schema: anything.optional(), description: z.string().optional() })).optional(),
  requestBody: z.looseObject({ content: anything.optional(), required: z.boolean().optional() }).optional(),
  responses: anything.optional(),
})
type Operation = z.output<typeof operation>

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const
const maxOperations = 500

/** Endpoints of an OpenAPI 3 document (https://spec.openapis.org/oas/v3.1.0); what in it is not understood is left out. */
export function endpointsOfOpenApi(document: unknown): Endpoint[] {
  const root = z.looseObject({ openapi: z.string().startsWith('3'), paths: anything }).safeParse(document)
  if (!root.success) return []
  const found = new Map<string, Endpoint>()
  for (const [path, item] of Object.entries(root.data.paths)) {
    const operations = anything.safeParse(item)
    for (const method of operations.success ? methods : []) {
      const parsed = operation.safeParse(operations.data?.[method])
      if (!parsed.success || found.size >= maxOperations) continue
      const endpoint = describeOperation(parsed.data, { method, path, root: root.data })
      if (description.safeParse({ endpoints: [endpoint] }).success && !found.has(endpoint.name)) found.set(endpoint.name, endpoint)
    }
  }
  return [...found.values()]
}

function describeOperation(of: Operation, at: { method: string; path: string; root: Record<string, unknown> }): Endpoint {
  const { method, path, root } = at
  const words = (of.summary ?? of.description)?.slice(0, 2_000)
  const ok = Object.entries(of.responses ?? {}).find(([status]) => /^2/.test(status))?.[1]
  return {
    name: of.operationId && /^[A-Za-z][\w.-]{0,119}$/.test(of.operationId) ? of.operationId : nameOf(method, path),
    ...(words && { description: words }),
    request: requestOf(of, root),
    response: inline(schemaOf(anything.safeParse(ok).data?.content), root),
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
function requestOf({ parameters = [], requestBody }: Operation, root: Record<string, unknown>): JsonSchema {
  const body = inline(schemaOf(requestBody?.content), root)
  if (parameters.length === 0) return body
  const inner = anything.safeParse(body.properties)
  const properties = {
    ...Object.fromEntries(parameters.map(({ name, schema, description: text }) => [name, { ...inline(schema ?? {}, root), ...(text && { description: text }) }])),
    ...(inner.success && inner.data),
  }
  const required = [...parameters.filter((each) => each.required).map((each) => each.name), ...(Array.isArray(body.required) ? body.required : [])]
  return { type: 'object', properties, ...(required.length > 0 && { required }) }
}

function schemaOf(content: unknown): JsonSchema {
  const types = anything.safeParse(content)
  const json = Object.entries(types.success ? types.data : {}).find(([type]) => /json/.test(type))?.[1]
  return anything.safeParse(anything.safeParse(json).data?.schema).data ?? {}
}

const maxInlined = 2_000

/** With `#/…` references replaced by what they name; one within itself, or beyond the bound, is left open (`{}`). */
function inline(schema: JsonSchema, root: Record<string, unknown>): JsonSchema {
  let left = maxInlined
  const walk = (value: unknown, within: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((each) => walk(each, within))
    if (typeof value !== 'object' || value === null) return value
    if (within.length > 20 || (left -= 1) < 0) return {}
    const reference = (value as { $ref?: unknown }).$ref
    if (typeof reference === 'string') return within.includes(reference) ? {} : walk(lookUp(reference, root), [...within, reference])
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each, within.length > 0 ? within : [''])]))
  }
  return anything.safeParse(walk(schema, [])).data ?? {}
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
