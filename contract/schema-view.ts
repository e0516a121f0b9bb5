import { maxSchemaDepth } from './bounds.ts'

/** A JSON schema that is an object; `false`: nothing is valid. */
export type Schema = Record<string, unknown>
export type Resolved = Schema | false

/** Thrown when the steps that were allowed are used up, or schemas are nested beyond {@link maxSchemaDepth}. */
export class BeyondBound extends Error {}

/** Counts the steps of reading what a tenant provides, and ends it when there are too many. */
export class Meter {
  steps = 0
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  spend(steps: number): void {
    this.steps += steps
    if (this.steps > this.#most) throw new BeyondBound(`more than ${this.#most} steps`)
  }
}

/** Valid for everything. One object, so that it is recognised when it comes again. */
export const anything: Schema = {}

/**
 * A schema with references into its own document followed, and with parts that all apply (`allOf`) merged. Each object is resolved
 * once and gives the same result object each time, so that results can be compared by identity.
 */
export class Resolver {
  readonly #root: Schema
  readonly #meter: Meter
  /** Undefined while it is being resolved: a schema that is a part of itself adds nothing to itself. */
  readonly #known = new Map<object, Resolved | undefined>()

  constructor(root: Schema, meter: Meter) {
    this.#root = root
    this.#meter = meter
  }

  resolve(schema: unknown, depth = 0): Resolved {
    if (schema === false) return false
    if (typeof schema !== 'object' || schema === null) return anything
    const at = schema as Schema
    if (typeof at.$ref !== 'string' && !Array.isArray(at.allOf)) return at
    if (this.#known.has(at)) return this.#known.get(at) ?? anything
    if (depth > maxSchemaDepth) throw new BeyondBound('references are nested too deeply')
    this.#known.set(at, undefined)
    const resolved =
      typeof at.$ref === 'string' ? this.resolve(this.#lookUp(at.$ref), depth + 1) : this.#merge(at, depth)
    this.#known.set(at, resolved)
    return resolved
  }

  #merge({ allOf, ...rest }: Schema, depth: number): Resolved {
    const parts = (allOf as unknown[]).map((part) => this.resolve(part, depth + 1))
    if (parts.includes(false)) return false
    const all = [rest, ...(parts as Schema[])]
    const properties = new Map<string, unknown>()
    const required = new Set<string>()
    for (const part of all) {
      for (const [name, value] of fieldsOf(part)) properties.set(name, value)
      for (const name of requiredOf(part)) required.add(name)
      this.#meter.spend(1 + Object.keys(part).length + sizeOf(part))
    }
    return Object.assign({}, ...all.map(({ __proto__: _, ...part }) => part), {
      ...(all.some((part) => part.properties !== undefined) && { properties: Object.fromEntries(properties) }),
      ...(all.some((part) => part.required !== undefined) && { required: [...required] }),
    }) as Schema
  }

  #lookUp(reference: string): unknown {
    this.#meter.spend(1 + (reference.length >> 4))
    if (reference === '#') return this.#root
    if (!reference.startsWith('#/')) return undefined
    return reference
      .slice(2)
      .split('/')
      .reduce<unknown>((value, part) => own(value, unescaped(part)), this.#root)
  }
}

/** Of a part of a JSON pointer in a URI fragment (RFC 6901, section 6). */
function unescaped(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return part
  }
}

function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Schema)[name] : undefined
}

export function variantsOf(schema: Resolved): unknown[] {
  if (schema === false) return [schema]
  const all = schema.anyOf ?? schema.oneOf
  return Array.isArray(all) && all.length > 0 ? (all as unknown[]) : [schema]
}

/** Undefined: any. What a schema says of an object's fields says that it is one only when it says so. */
export function typesOf(schema: Resolved): ReadonlySet<string> | undefined {
  if (schema === false) return new Set()
  const said =
    typeof schema.type === 'string'
      ? [schema.type]
      : Array.isArray(schema.type)
        ? schema.type.filter((type) => typeof type === 'string')
        : undefined
  const types =
    said ?? valuesOf(schema)?.map((value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value))
  return types === undefined ? undefined : new Set(schema.nullable === true ? [...types, 'null'] : types)
}

export function valuesOf(schema: Schema): unknown[] | undefined {
  if (Object.hasOwn(schema, 'const')) return [schema.const]
  return Array.isArray(schema.enum) ? (schema.enum as unknown[]) : undefined
}

export const isObject = (schema: Schema): boolean =>
  typesOf(schema)?.has('object') ?? (typeof schema.properties === 'object' || Array.isArray(schema.required))
export const itemsOf = (schema: Schema): unknown =>
  typeof schema.items === 'object' || typeof schema.items === 'boolean' ? schema.items : undefined
export const requiredOf = (schema: Schema): Set<string> =>
  new Set(Array.isArray(schema.required) ? schema.required.filter((name) => typeof name === 'string') : [])
export const fieldsOf = (schema: Schema): Map<string, unknown> =>
  new Map(Object.entries(typeof schema.properties === 'object' && schema.properties !== null ? schema.properties : {}))
export const extraOf = (schema: Schema): unknown => schema.additionalProperties

/** About how many steps it takes to look at the keywords of a schema, without the schemas within it. */
export function sizeOf(schema: Resolved): number {
  if (schema === false) return 1
  const { properties, required, type, enum: values, anyOf, oneOf } = schema
  const lengths = [required, type, values, anyOf, oneOf].map((value) => (Array.isArray(value) ? value.length : 0))
  return (
    lengths.reduce((sum, length) => sum + length, 1) +
    (typeof properties === 'object' && properties !== null ? Object.keys(properties).length : 0)
  )
}
