import type { Random } from './random.ts'

interface Schema {
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  minLength?: number
  minimum?: number
  minItems?: number
  additionalProperties?: unknown
}

const deepest = 5

/** A value of a JSON Schema's shape; names are of what there is (`known`). Now and then something else stands in one of its places. */
export function shaped(random: Random, schema: Schema, known: Readonly<Record<string, unknown>>, depth = 0): unknown {
  if (random.is(0.04)) return random.json()
  if (depth > deepest) return null
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return random.of(schema.enum)
  const one = schema.anyOf ?? schema.oneOf
  if (one !== undefined) return shaped(random, random.of(one), known, depth + 1)
  const type = Array.isArray(schema.type) ? random.of(schema.type) : schema.type
  if (type === 'object' || schema.properties !== undefined) {
    const entries = Object.entries(schema.properties ?? {}).filter(([name]) =>
      schema.required?.includes(name) ? random.is(0.98) : random.is(0.6),
    )
    return Object.fromEntries(
      entries.map(([name, of]) => [
        name,
        name in known && random.is(0.9) ? known[name] : shaped(random, of, known, depth + 1),
      ]),
    )
  }
  if (type === 'array')
    return Array.from({ length: (schema.minItems ?? 0) + random.below(3) }, () =>
      shaped(random, schema.items ?? {}, known, depth + 1),
    )
  if (type === 'string')
    return random
      .of([
        'x',
        'hello',
        'a-b',
        'ann@example.com',
        '0'.repeat(40),
        '10m',
        'http://127.0.0.1:1/',
        ...Array.from({ length: 3 }, () => JSON.stringify(random.json(0)) ?? ''),
      ])
      .padEnd(schema.minLength ?? 0, 'x')
  if (type === 'number' || type === 'integer')
    return Math.max(schema.minimum ?? 0, random.of([0, 1, 2, 7, 100, 1_000, -1, 2 ** 31]))
  if (type === 'boolean') return random.is(0.5)
  if (type === 'null') return null
  return random.json()
}
