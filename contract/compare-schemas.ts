import { maxSchemaDepth, shortened } from './bounds.ts'
import type { EndpointChange } from './compatibility.ts'
import {
  anything,
  BeyondBound,
  extraOf,
  fieldsOf,
  isObject,
  itemsOf,
  type Meter,
  requiredOf,
  type Resolved,
  Resolver,
  type Schema,
  sizeOf,
  typesOf,
  valuesOf,
  variantsOf,
} from './schema-view.ts'

type Side = 'request' | 'response'
export type Say = (change: Omit<EndpointChange, 'endpoint'>) => void

interface Sides {
  side: Side
  before: Schema
  after: Schema
  meter: Meter
  say: Say
}

/**
 * Reports where the later schema takes less (a request) or gives more kinds of things (a response) than the one before.
 * Fields of a response that are new, and whatever a request may now hold as well, break nothing.
 * @throws BeyondBound when that takes more steps than the meter allows; what was reported until then is true
 */
export function compareSchemas({ side, before, after, meter, say }: Sides): void {
  // Most schemas do not change. This costs no more than to read them.
  if (JSON.stringify(before) === JSON.stringify(after)) return
  new Comparison({ side, before, after, meter }, say).compare(before, after, { path: side, depth: 0 })
}

interface At {
  path: string
  depth: number
}

/** Pairs of schemas, found again by identity. */
class Pairs<Value> {
  readonly #byBefore = new Map<Resolved, Map<Resolved, Value>>()
  get(before: Resolved, after: Resolved): Value | undefined {
    return this.#byBefore.get(before)?.get(after)
  }
  set(before: Resolved, after: Resolved, value: Value): void {
    const found = this.#byBefore.get(before)
    if (found) found.set(after, value)
    else this.#byBefore.set(before, new Map([[after, value]]))
  }
}

/**
 * Schemas refer to each other and to themselves, so each pair of them is compared once: a pair that is being compared, or was found to
 * be the same, is not looked into again. One that differs is, as its differences are reported at each path; their number is limited.
 */
class Comparison {
  readonly #side: Side
  readonly #meter: Meter
  readonly #before: Resolver
  readonly #after: Resolver
  readonly #told = new Pairs<'open' | 'same' | 'differs'>()
  /** Of attempts: pairs that break; and those that do not as long as the pairs around them, which are still being compared, do not. */
  readonly #tried = new Pairs<'breaks' | 'holds' | undefined>()
  #holding: [Resolved, Resolved][] = []
  readonly #texts = new Map<object, string[]>()
  #say: Say
  #said = 0
  /** Set while it is only asked whether anything breaks. */
  #attempt: { breaks: boolean } | undefined

  constructor({ side, before, after, meter }: Omit<Sides, 'say'>, say: Say) {
    this.#side = side
    this.#meter = meter
    this.#before = new Resolver(before, meter)
    this.#after = new Resolver(after, meter)
    this.#say = say
  }

  compare(one: unknown, other: unknown, at: At): void {
    if (this.#attempt?.breaks) return
    const before = this.#before.resolve(one)
    const after = this.#after.resolve(other)
    this.#meter.spend(pairSteps + sizeOf(before) + sizeOf(after))
    if (at.depth > maxSchemaDepth) throw new BeyondBound('schemas are nested too deeply')
    if (this.#attempt) this.#try(before, after, at, this.#attempt)
    else this.#tell(before, after, at)
  }

  #tell(before: Resolved, after: Resolved, at: At): void {
    const known = this.#told.get(before, after)
    if (known === 'open' || known === 'same') return
    this.#told.set(before, after, 'open')
    const said = this.#said
    this.#compare(before, after, at)
    this.#told.set(before, after, this.#said === said ? 'same' : 'differs')
  }

  #try(before: Resolved, after: Resolved, at: At, attempt: { breaks: boolean }): void {
    const known = this.#tried.get(before, after)
    if (known === 'breaks') attempt.breaks = true
    if (known !== undefined) return
    const from = this.#holding.length
    this.#holding.push([before, after])
    this.#tried.set(before, after, 'holds')
    this.#compare(before, after, at)
    if (!attempt.breaks) return
    // What was found to hold meanwhile may have been so only because this was taken to hold.
    for (const [old, now] of this.#holding.splice(from))
      if (this.#tried.get(old, now) === 'holds') this.#tried.set(old, now, undefined)
    this.#tried.set(before, after, 'breaks')
  }

  /** Whether anything would break from the one to the other. */
  #breaks(before: unknown, after: unknown, at: At): boolean {
    const outer = this.#attempt
    const attempt = { breaks: false }
    const from = this.#holding.length
    this.#attempt = attempt
    this.compare(before, after, this.#below(at, at.path))
    this.#attempt = outer
    // Without a pair around it that is still being compared, what holds does for good.
    if (outer === undefined && !attempt.breaks) this.#holding.length = from
    return attempt.breaks
  }

  #report(change: Omit<EndpointChange, 'endpoint'>): void {
    if (this.#attempt) {
      this.#attempt.breaks ||= change.breaking
      return
    }
    this.#said += 1
    this.#say({ ...change, at: shortened(change.at, 300), message: shortened(change.message, 500) })
  }

  #compare(before: Resolved, after: Resolved, at: At): void {
    if (after === false || before === false) return this.#compareNever(before, after, at)
    if (variantsOf(before).length > 1 || variantsOf(after).length > 1) return this.#compareVariants(before, after, at)
    if (this.#compareTypes(before, after, at)) return
    this.#compareValues(before, after, at)
    if (this.#side === 'request') this.#compareBounds(before, after, at)
    if (isObject(before) && isObject(after)) this.#compareFields(before, after, at)
    const items = itemsOf(after)
    if (items !== undefined) this.compare(itemsOf(before) ?? anything, items, this.#below(at, `${at.path}[]`))
    else if (this.#side === 'response' && itemsOf(before) !== undefined && typesOf(after)?.has('array') === true)
      this.compare(itemsOf(before), anything, this.#below(at, `${at.path}[]`))
  }

  #compareNever(before: Resolved, after: Resolved, at: At): void {
    if (this.#side === 'request' && after === false && before !== false)
      this.#report({
        kind: 'narrowed',
        at: at.path,
        breaking: true,
        message: `${this.#spoken(at)} accepts no value any more`,
      })
    if (this.#side === 'response' && before === false && after !== false)
      this.#report({
        kind: 'widened',
        at: at.path,
        breaking: true,
        message: `${this.#spoken(at)} is now returned; it was not before`,
      })
  }

  /** True when the types alone say all there is to say. */
  #compareTypes(before: Schema, after: Schema, at: At): boolean {
    const [old, now] = [typesOf(before), typesOf(after)]
    const [from, to] = this.#side === 'request' ? [old, now] : [now, old]
    if (to === undefined) return false
    const lost = [...(from ?? allTypes)].filter((type) => !to.has(type) && !(type === 'integer' && to.has('number')))
    if (lost.length === 0) return false
    const shared = [...(from ?? allTypes)].length > lost.length
    if (this.#side === 'response' && shared && lost.length === 1 && lost[0] === 'null')
      this.#report({ kind: 'widened', at: at.path, breaking: true, message: `${this.#spoken(at)} can now be null` })
    else if (this.#side === 'request' && shared && lost.length === 1 && lost[0] === 'null')
      this.#report({
        kind: 'narrowed',
        at: at.path,
        breaking: true,
        message: `${this.#spoken(at)} can no longer be null`,
      })
    else
      this.#report({
        kind: 'type',
        at: at.path,
        breaking: true,
        message: `${this.#spoken(at)} is now ${wordsOf(now)} instead of ${wordsOf(old)}`,
      })
    return !shared
  }

  #compareValues(before: Schema, after: Schema, at: At): void {
    const [old, now] = [this.#textsOf(before), this.#textsOf(after)]
    const [from, to] = this.#side === 'request' ? [old, now] : [now, old]
    if (to === undefined) return
    const allowed = new Set(to)
    const types = typesOf(this.#side === 'request' ? before : after)
    const lost = from?.filter((text) => !allowed.has(text))
    // Every null, and both truths, may well be among the values.
    if (
      from === undefined &&
      types !== undefined &&
      [...types].every((type) =>
        type === 'null' ? allowed.has('null') : type === 'boolean' && allowed.has('true') && allowed.has('false'),
      )
    )
      return
    if (lost?.length === 0) return
    const values = lost === undefined ? 'any value' : listed(lost)
    if (this.#side === 'request')
      this.#report({
        kind: 'narrowed',
        at: at.path,
        breaking: true,
        message:
          lost === undefined
            ? `${this.#spoken(at)} now accepts only ${listed([...allowed])}`
            : `${this.#spoken(at)} no longer accepts ${values}`,
      })
    else
      this.#report({
        kind: 'widened',
        at: at.path,
        breaking: true,
        message: `${this.#spoken(at)} can now be ${values}`,
      })
  }

  /** The values that a schema names, as JSON; they may be large themselves. */
  #textsOf(schema: Schema): string[] | undefined {
    const values = valuesOf(schema)
    if (values === undefined) return undefined
    const known = this.#texts.get(schema)
    if (known) return known
    const texts = values.map((value) => {
      const text = JSON.stringify(value)
      this.#meter.spend(text.length >> 4)
      return text
    })
    this.#texts.set(schema, texts)
    return texts
  }

  #compareBounds(before: Schema, after: Schema, at: At): void {
    const tighter = (key: string, isTighter: (old: number, now: number) => boolean) => {
      const [old, now] = [before[key], after[key]]
      if (typeof now === 'number' && (typeof old !== 'number' || isTighter(old, now))) told(key, now)
    }
    const told = (key: string, now: string | number | true) =>
      this.#report({
        kind: 'narrowed',
        at: at.path,
        breaking: true,
        message: `${this.#spoken(at)} ${words[key]} now (${key} ${shortened(String(now), 80)})`,
      })
    for (const key of lower) tighter(key, (old, now) => now > old)
    for (const key of upper) tighter(key, (old, now) => now < old)
    for (const key of exact) {
      const now = after[key]
      if ((typeof now === 'string' || typeof now === 'number' || now === true) && now !== before[key]) told(key, now)
    }
  }

  #compareFields(before: Schema, after: Schema, at: At): void {
    const [old, now] = [fieldsOf(before), fieldsOf(after)]
    const [needed, needs] = [requiredOf(before), requiredOf(after)]
    for (const name of new Set([...old.keys(), ...needed])) {
      const here = this.#below(at, `${at.path}.${shortened(name, 100)}`)
      if (!now.has(name)) {
        this.#fieldGone(name, here, { after, needs })
        continue
      }
      if (this.#side === 'request' && needs.has(name) && !needed.has(name))
        this.#report({
          kind: 'required',
          at: here.path,
          breaking: true,
          message: `the request must now contain ${fieldAt(here)}`,
        })
      if (this.#side === 'response' && needed.has(name) && !needs.has(name))
        this.#report({
          kind: 'missing',
          at: here.path,
          breaking: true,
          message: `the response may now lack ${fieldAt(here)}`,
        })
      this.compare(old.get(name) ?? anything, now.get(name), here)
    }
    for (const name of new Set([...now.keys(), ...needs])) {
      if (old.has(name) || needed.has(name)) continue
      const here = this.#below(at, `${at.path}.${shortened(name, 100)}`)
      if (this.#side === 'response')
        this.#report({
          kind: 'field',
          at: here.path,
          breaking: false,
          message: `the response also has ${fieldAt(here)}`,
        })
      else if (needs.has(name))
        this.#report({
          kind: 'required',
          at: here.path,
          breaking: true,
          message: `the request must contain the new field ${fieldAt(here)}`,
        })
      else {
        this.#report({
          kind: 'field',
          at: here.path,
          breaking: false,
          message: `the request may contain the new field ${fieldAt(here)}`,
        })
        // What was sent under that name before was not looked at.
        const extra = extraOf(before)
        if (extra !== undefined && extra !== true && extra !== false) this.compare(extra, now.get(name), here)
      }
    }
    this.#compareExtra(before, after, at)
  }

  #fieldGone(name: string, here: At, { after, needs }: { after: Schema; needs: ReadonlySet<string> }): void {
    if (this.#side === 'response')
      return this.#report({
        kind: 'missing',
        at: here.path,
        breaking: true,
        message: `the response no longer has ${fieldAt(here)}`,
      })
    if (needs.has(name)) return
    if (extraOf(after) === false)
      return this.#report({
        kind: 'narrowed',
        at: here.path,
        breaking: true,
        message: `the request may no longer contain ${fieldAt(here)}`,
      })
    this.#report({
      kind: 'ignored',
      at: here.path,
      breaking: false,
      message: `${fieldAt(here)} in the request is now ignored`,
    })
  }

  /** Fields that have no name of their own, as of a record. */
  #compareExtra(before: Schema, after: Schema, at: At): void {
    const [old, now] = [extraOf(before), extraOf(after)]
    const here = this.#below(at, `${at.path}.*`)
    if (this.#side === 'request' && now === false && old !== false)
      this.#report({
        kind: 'narrowed',
        at: at.path,
        breaking: true,
        message: `${this.#spoken(at)} may no longer contain other fields`,
      })
    else if (typeof now === 'object' && now !== null && old !== false)
      this.compare(old === true || old === undefined ? anything : old, now, here)
    else if (this.#side === 'response' && typeof old === 'object' && old !== null && now !== false)
      this.compare(old, anything, here)
  }

  /** Each thing that may be sent must still be taken by one of those after; each that may come back must have been one of those before. */
  #compareVariants(before: Schema, after: Schema, at: At): void {
    const [from, to] =
      this.#side === 'request' ? [variantsOf(before), variantsOf(after)] : [variantsOf(after), variantsOf(before)]
    const pair = (variant: unknown, candidate: unknown): [unknown, unknown] =>
      this.#side === 'request' ? [variant, candidate] : [candidate, variant]
    const fits = (variant: unknown, index: number): boolean => {
      const holds = (candidate: unknown) => !this.#breaks(...pair(variant, candidate), at)
      // Where little has changed it is the one at the same place.
      return (
        (index < to.length && holds(to[index])) || to.some((candidate, other) => other !== index && holds(candidate))
      )
    }
    const lost = from.filter((variant, index) => !fits(variant, index))
    if (lost.length === 0) return
    // One that became another is told as what became of it.
    if (from.length === to.length && lost.length === 1) {
      const [old, now] = pair(lost[0], to[from.indexOf(lost[0])])
      if (variantsOf(this.#before.resolve(old)).length === 1) return this.compare(old, now, this.#below(at, at.path))
    }
    const resolver = this.#side === 'request' ? this.#before : this.#after
    const kinds = listed(lost.map((variant) => wordsOf(typesOf(resolver.resolve(variant)))))
    if (this.#side === 'request')
      this.#report({
        kind: 'narrowed',
        at: at.path,
        breaking: true,
        message: `${this.#spoken(at)} no longer accepts one of its forms (${kinds})`,
      })
    else
      this.#report({
        kind: 'widened',
        at: at.path,
        breaking: true,
        message: `${this.#spoken(at)} can now have another form (${kinds})`,
      })
  }

  #below(at: At, path: string): At {
    return { path: shortened(path, 400), depth: at.depth + 1 }
  }

  #spoken({ path }: At): string {
    if (path === this.#side) return this.#side === 'request' ? 'the request' : 'the response'
    return `${path.slice(path.startsWith(`${this.#side}.`) ? this.#side.length + 1 : this.#side.length)} in the ${this.#side === 'request' ? 'request' : 'response'}`
  }
}

/** Keywords of JSON Schema that bound a value: how a bound became tighter. */
const lower = ['minLength', 'minimum', 'exclusiveMinimum', 'minItems', 'minProperties'] as const
const upper = ['maxLength', 'maximum', 'exclusiveMaximum', 'maxItems', 'maxProperties'] as const
const exact = ['pattern', 'format', 'multipleOf', 'uniqueItems'] as const
const words: Record<string, string> = {
  minLength: 'must be longer',
  minimum: 'must be greater',
  exclusiveMinimum: 'must be greater',
  minItems: 'must have more items',
  minProperties: 'must have more fields',
  maxLength: 'must be shorter',
  maximum: 'must be less',
  exclusiveMaximum: 'must be less',
  maxItems: 'must have fewer items',
  maxProperties: 'must have fewer fields',
  pattern: 'must have another form',
  format: 'must have another form',
  multipleOf: 'must be a multiple',
  uniqueItems: 'must not repeat itself',
}

/** What a pair of schemas takes, besides what is within them. */
const pairSteps = 6
const allTypes = new Set(['string', 'number', 'boolean', 'object', 'array', 'null'])
const fieldAt = ({ path }: At): string => path.slice(path.indexOf('.') + 1)

function listed(all: readonly string[]): string {
  const few = all
    .slice(0, 4)
    .map((text) => shortened(text, 60))
    .join(', ')
  return all.length <= 4 ? few : `${few} and ${all.length - 4} more`
}

function wordsOf(types: ReadonlySet<string> | undefined): string {
  if (types === undefined) return 'anything'
  const all = [...types]
    .slice(0, 8)
    .map(
      (type) =>
        ({ object: 'an object', array: 'a list', integer: 'a whole number', null: 'null' })[type] ??
        `a ${shortened(type, 40)}`,
    )
  return all.length === 0 ? 'nothing' : all.join(' or ')
}
