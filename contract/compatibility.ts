import { z } from 'zod'
import type { Endpoint, JsonSchema } from './endpoints.ts'

/**
 * What a change of a service's endpoints means for those who call them. What a caller sends must go on being taken, what
 * it gets must go on being what it expects: anything that need not hold any more is told, and said to break.
 */
export const endpointChange = z.object({
  endpoint: z.string(),
  kind: z.enum(['removed', 'added', 'required', 'narrowed', 'missing', 'widened', 'type', 'call', 'field', 'ignored']),
  /** `request.address.city`, `response.items[]`; the empty string: the endpoint itself. */
  at: z.string(),
  breaking: z.boolean(),
  /** A sentence's end: `the answer no longer has total`. */
  message: z.string(),
})
export type EndpointChange = z.infer<typeof endpointChange>

type Side = 'request' | 'response'
type Say = (change: Omit<EndpointChange, 'endpoint'>) => void
interface At { side: Side; path: string; roots: { before: JsonSchema; after: JsonSchema }; depth: number }

/** Schemas refer to themselves; deeper than this nobody looks. */
const maxDepth = 24
const mostChanges = 200

/** In the order of the endpoints before; what is new comes last. Nothing when there was none before. */
export function compareEndpoints(before: readonly Endpoint[], after: readonly Endpoint[]): EndpointChange[] {
  if (before.length === 0) return []
  const changes: EndpointChange[] = []
  const now = new Map(after.map((endpoint) => [endpoint.name, endpoint]))
  for (const old of before) {
    const say: Say = (change) => { if (changes.length < mostChanges) changes.push({ endpoint: old.name, ...change }) }
    const next = now.get(old.name)
    if (next === undefined) say({ kind: 'removed', at: '', breaking: true, message: 'is gone' })
    else compareEndpoint(old, next, say)
  }
  const known = new Set(before.map(({ name }) => name))
  for (const { name } of after) if (!known.has(name) && changes.length < mostChanges) changes.push({ endpoint: name, kind: 'added', at: '', breaking: false, message: 'is new' })
  return changes
}

export const breakingOf = (changes: readonly EndpointChange[]): EndpointChange[] => changes.filter(({ breaking }) => breaking)

function compareEndpoint(before: Endpoint, after: Endpoint, say: Say): void {
  if (before.stream !== after.stream) say({ kind: 'call', at: '', breaking: true, message: after.stream ? 'answers many times now' : 'answers once now' })
  const asked = ({ method, path, name }: Endpoint) => `${method ?? 'POST'} ${path ?? `/${name}`}`
  if (asked(before) !== asked(after)) say({ kind: 'call', at: '', breaking: true, message: `is called by ${asked(after)} now, it was ${asked(before)}` })
  for (const side of ['request', 'response'] as const) {
    compare(before[side], after[side], { side, path: side, roots: { before: before[side], after: after[side] }, depth: 0 }, say)
  }
}

/**
 * Tells where the later schema takes less (a request) or gives more kinds of things (a response) than the one before.
 * Fields of an answer that are new, and whatever a request may now hold as well, break nothing.
 */
function compare(one: unknown, other: unknown, at: At, say: Say): void {
  const before = resolved(one, at.roots.before)
  const after = resolved(other, at.roots.after)
  if (at.depth > maxDepth || JSON.stringify(before) === JSON.stringify(after) && sameRoots(at)) return
  if (after === false || before === false) return compareNever(before, after, at, say)
  if (variantsOf(before).length > 1 || variantsOf(after).length > 1) return compareVariants(before, after, at, say)
  if (compareTypes(before, after, at, say)) return
  compareValues(before, after, at, say)
  if (at.side === 'request') compareBounds(before, after, at, say)
  if (isObject(before) && isObject(after)) compareFields(before, after, at, say)
  const items = itemsOf(after)
  if (items !== undefined) compare(itemsOf(before) ?? {}, items, below(at, `${at.path}[]`), say)
  else if (at.side === 'response' && itemsOf(before) !== undefined && typesOf(after)?.has('array') === true) compare(itemsOf(before), {}, below(at, `${at.path}[]`), say)
}

/** The same text means the same only when what it refers to is the same. */
const sameRoots = ({ roots }: At): boolean => JSON.stringify(roots.before.$defs ?? null) === JSON.stringify(roots.after.$defs ?? null)

function compareNever(before: Resolved, after: Resolved, at: At, say: Say): void {
  if (at.side === 'request' && after === false && before !== false) say({ kind: 'narrowed', at: at.path, breaking: true, message: `${spoken(at)} takes nothing any more` })
  if (at.side === 'response' && before === false && after !== false) say({ kind: 'widened', at: at.path, breaking: true, message: `${spoken(at)} was never there, and is now` })
}

/** True when the types alone say all there is to say. */
function compareTypes(before: Schema, after: Schema, at: At, say: Say): boolean {
  const [old, now] = [typesOf(before), typesOf(after)]
  const [from, to] = at.side === 'request' ? [old, now] : [now, old]
  if (to === undefined) return false
  const lost = [...(from ?? allTypes)].filter((type) => !to.has(type) && !(type === 'integer' && to.has('number')))
  if (lost.length === 0) return false
  const [was, is] = [wordsOf(old), wordsOf(now)]
  const shared = [...(from ?? allTypes)].length > lost.length
  if (at.side === 'response' && shared && lost.length === 1 && lost[0] === 'null') say({ kind: 'widened', at: at.path, breaking: true, message: `${spoken(at)} may be null now` })
  else if (at.side === 'request' && shared && lost.length === 1 && lost[0] === 'null') say({ kind: 'narrowed', at: at.path, breaking: true, message: `${spoken(at)} may not be null any more` })
  else say({ kind: 'type', at: at.path, breaking: true, message: `${spoken(at)} is ${is} now, it was ${was}` })
  return !shared
}

function compareValues(before: Schema, after: Schema, at: At, say: Say): void {
  const [old, now] = [valuesOf(before), valuesOf(after)]
  const [from, to] = at.side === 'request' ? [old, now] : [now, old]
  if (to === undefined) return
  const allowed = new Set(to.map((value) => JSON.stringify(value)))
  const types = typesOf(at.side === 'request' ? before : after)
  const lost = from === undefined ? undefined : from.filter((value) => !allowed.has(JSON.stringify(value)))
  // Every null, and both truths, may well be among the values.
  if (from === undefined && types !== undefined && [...types].every((type) => type === 'null' ? allowed.has('null') : type === 'boolean' && allowed.has('true') && allowed.has('false'))) return
  if (lost?.length === 0) return
  const values = lost === undefined ? 'any value' : list(lost.map((value) => JSON.stringify(value)))
  if (at.side === 'request') say({ kind: 'narrowed', at: at.path, breaking: true, message: lost === undefined ? `${spoken(at)} takes only ${list([...allowed])} now` : `${spoken(at)} no longer takes ${values}` })
  else say({ kind: 'widened', at: at.path, breaking: true, message: `${spoken(at)} may be ${values} now` })
}

/** Keywords of JSON Schema that bound a value: how a bound became tighter. */
const lower = ['minLength', 'minimum', 'exclusiveMinimum', 'minItems', 'minProperties'] as const
const upper = ['maxLength', 'maximum', 'exclusiveMaximum', 'maxItems', 'maxProperties'] as const
const exact = ['pattern', 'format', 'multipleOf', 'uniqueItems'] as const
const words: Record<string, string> = {
  minLength: 'must be longer', minimum: 'must be greater', exclusiveMinimum: 'must be greater', minItems: 'must have more items', minProperties: 'must have more fields',
  maxLength: 'must be shorter', maximum: 'must be less', exclusiveMaximum: 'must be less', maxItems: 'must have fewer items', maxProperties: 'must have fewer fields',
  pattern: 'must have another form', format: 'must have another form', multipleOf: 'must be a multiple', uniqueItems: 'must not repeat itself',
}

function compareBounds(before: Schema, after: Schema, at: At, say: Say): void {
  const tighter = (key: string, isTighter: (old: number, now: number) => boolean) => {
    const [old, now] = [before[key], after[key]]
    if (typeof now === 'number' && (typeof old !== 'number' || isTighter(old, now))) told(key, now)
  }
  const told = (key: string, now: unknown) => say({ kind: 'narrowed', at: at.path, breaking: true, message: `${spoken(at)} ${words[key]} now (${key} ${String(now)})` })
  for (const key of lower) tighter(key, (old, now) => now > old)
  for (const key of upper) tighter(key, (old, now) => now < old)
  for (const key of exact) if (after[key] !== undefined && after[key] !== false && after[key] !== before[key]) told(key, after[key])
}

function compareFields(before: Schema, after: Schema, at: At, say: Say): void {
  const [old, now] = [fieldsOf(before), fieldsOf(after)]
  const [needed, needs] = [requiredOf(before), requiredOf(after)]
  for (const name of new Set([...old.keys(), ...needed])) {
    const here = below(at, `${at.path}.${name}`)
    if (!now.has(name)) {
      fieldGone(name, here, { before, after, needs }, say)
      continue
    }
    if (at.side === 'request' && needs.has(name) && !needed.has(name)) say({ kind: 'required', at: here.path, breaking: true, message: `the request must hold ${field(here)} now` })
    if (at.side === 'response' && needed.has(name) && !needs.has(name)) say({ kind: 'missing', at: here.path, breaking: true, message: `the answer may lack ${field(here)} now` })
    compare(old.get(name) ?? {}, now.get(name), here, say)
  }
  for (const name of new Set([...now.keys(), ...needs])) {
    if (old.has(name) || needed.has(name)) continue
    const here = below(at, `${at.path}.${name}`)
    if (at.side === 'response') say({ kind: 'field', at: here.path, breaking: false, message: `the answer has ${field(here)} too` })
    else if (needs.has(name)) say({ kind: 'required', at: here.path, breaking: true, message: `the request must hold ${field(here)}, which is new` })
    else {
      say({ kind: 'field', at: here.path, breaking: false, message: `the request may hold ${field(here)}, which is new` })
      // What was sent under that name before was not looked at.
      const extra = extraOf(before)
      if (extra !== undefined && extra !== true && extra !== false) compare(extra, now.get(name), here, say)
    }
  }
  compareExtra(before, after, at, say)
}

function fieldGone(name: string, here: At, { after, needs }: { before: Schema; after: Schema; needs: ReadonlySet<string> }, say: Say): void {
  if (here.side === 'response') return say({ kind: 'missing', at: here.path, breaking: true, message: `the answer no longer has ${field(here)}` })
  if (needs.has(name)) return
  if (extraOf(after) === false) return say({ kind: 'narrowed', at: here.path, breaking: true, message: `the request may not hold ${field(here)} any more` })
  say({ kind: 'ignored', at: here.path, breaking: false, message: `the request’s ${field(here)} is not looked at any more` })
}

/** Fields that have no name of their own, as of a record. */
function compareExtra(before: Schema, after: Schema, at: At, say: Say): void {
  const [old, now] = [extraOf(before), extraOf(after)]
  const here = below(at, `${at.path}.*`)
  if (at.side === 'request' && now === false && old !== false) say({ kind: 'narrowed', at: at.path, breaking: true, message: `${spoken(at)} may hold no other fields any more` })
  else if (typeof now === 'object' && now !== null && old !== false) compare(old === true || old === undefined ? {} : old, now, here, say)
  else if (at.side === 'response' && typeof old === 'object' && old !== null && now !== false) compare(old, {}, here, say)
}

/** Each thing that may be sent must still be taken by one of those after; each that may come back must have been one of those before. */
function compareVariants(before: Schema, after: Schema, at: At, say: Say): void {
  const [from, to] = at.side === 'request' ? [variantsOf(before), variantsOf(after)] : [variantsOf(after), variantsOf(before)]
  const fits = (variant: unknown) => to.some((candidate) => {
    let breaks = false
    const [old, now] = at.side === 'request' ? [variant, candidate] : [candidate, variant]
    compare(old, now, below(at, at.path), ({ breaking }) => (breaks ||= breaking))
    return !breaks
  })
  const lost = from.filter((variant) => !fits(variant))
  if (lost.length === 0) return
  // One that became another is told as what became of it.
  if (from.length === to.length && lost.length === 1) {
    const index = from.indexOf(lost[0])
    const [old, now] = at.side === 'request' ? [lost[0], to[index]] : [to[index], lost[0]]
    if (variantsOf(resolved(old, at.roots.before)).length === 1) return compare(old, now, below(at, at.path), say)
  }
  const kinds = list(lost.map((variant) => wordsOf(typesOf(resolved(variant, at.side === 'request' ? at.roots.before : at.roots.after)))))
  if (at.side === 'request') say({ kind: 'narrowed', at: at.path, breaking: true, message: `${spoken(at)} no longer takes one of its forms (${kinds})` })
  else say({ kind: 'widened', at: at.path, breaking: true, message: `${spoken(at)} may have another form now (${kinds})` })
}

type Schema = Record<string, unknown>
type Resolved = Schema | false

const allTypes = new Set(['string', 'number', 'boolean', 'object', 'array', 'null'])
const below = (at: At, path: string): At => ({ ...at, path, depth: at.depth + 1 })
const list = (all: readonly string[]): string => (all.length <= 4 ? all.join(', ') : `${all.slice(0, 4).join(', ')} and ${all.length - 4} more`)
const field = ({ path }: At): string => path.slice(path.indexOf('.') + 1)
const spoken = (at: At): string => (at.path === 'request' ? 'the request' : at.path === 'response' ? 'the answer' : `${at.path.slice(at.path.startsWith(`${at.side}.`) ? at.side.length + 1 : at.side.length)} in the ${at.side === 'request' ? 'request' : 'answer'}`)

/** What a reference leads to, within its own document; parts that all hold are laid over one another. */
function resolved(schema: unknown, root: JsonSchema, depth = 0): Resolved {
  if (schema === false) return false
  if (typeof schema !== 'object' || schema === null) return {}
  const at = schema as Schema
  if (typeof at.$ref === 'string' && depth < maxDepth) {
    const found = at.$ref === '#' ? root : at.$ref.startsWith('#/') ? at.$ref.slice(2).split('/').reduce<unknown>((value, part) => own(value, decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')), root) : undefined
    return resolved(found, root, depth + 1)
  }
  if (!Array.isArray(at.allOf) || depth >= maxDepth) return at
  const { allOf, ...rest } = at
  return allOf.map((part) => resolved(part, root, depth + 1)).reduce<Schema | false>((all, part) => (all === false || part === false ? false : {
    ...all, ...part,
    ...((all.properties ?? part.properties) !== undefined && { properties: { ...(all.properties as object | undefined), ...(part.properties as object | undefined) } }),
    ...((all.required ?? part.required) !== undefined && { required: [...requiredOf(all), ...requiredOf(part)] }),
  }), rest)
}

function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Schema)[name] : undefined
}

function variantsOf(schema: Resolved): unknown[] {
  if (schema === false) return [schema]
  const all = schema.anyOf ?? schema.oneOf
  return Array.isArray(all) && all.length > 0 ? (all as unknown[]) : [schema]
}

/** Undefined: any. What a schema says of an object's fields says that it is one only when it says so. */
function typesOf(schema: Resolved): ReadonlySet<string> | undefined {
  if (schema === false) return new Set()
  const said = typeof schema.type === 'string' ? [schema.type] : Array.isArray(schema.type) ? schema.type.filter((type) => typeof type === 'string') : undefined
  const types = said ?? valuesOf(schema)?.map((value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value))
  return types === undefined ? undefined : new Set(schema.nullable === true ? [...types, 'null'] : types)
}

function valuesOf(schema: Schema): unknown[] | undefined {
  if ('const' in schema) return [schema.const]
  return Array.isArray(schema.enum) ? (schema.enum as unknown[]) : undefined
}

const isObject = (schema: Schema): boolean => typesOf(schema)?.has('object') ?? (typeof schema.properties === 'object' || Array.isArray(schema.required))
const itemsOf = (schema: Schema): unknown => (typeof schema.items === 'object' || typeof schema.items === 'boolean' ? schema.items : undefined)
const requiredOf = (schema: Schema): Set<string> => new Set(Array.isArray(schema.required) ? schema.required.filter((name) => typeof name === 'string') : [])
const fieldsOf = (schema: Schema): Map<string, unknown> => new Map(Object.entries(typeof schema.properties === 'object' && schema.properties !== null ? schema.properties : {}))
const extraOf = (schema: Schema): unknown => schema.additionalProperties

function wordsOf(types: ReadonlySet<string> | undefined): string {
  if (types === undefined) return 'anything'
  const all = [...types].map((type) => ({ object: 'an object', array: 'a list', integer: 'a whole number', null: 'null' }[type] ?? `a ${type}`))
  return all.length === 0 ? 'nothing' : all.join(' or ')
}
