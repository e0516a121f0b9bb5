import type { JsonSchema } from '#contract/endpoints.ts'

/** A JSON Schema as a form shows it. What the form cannot show by fields is `json`: any value, typed as JSON. */
export type FieldModel = Common &
  (
    | {
        kind: 'string'
        format: string | undefined
        long: boolean
        minLength: number | undefined
        maxLength: number | undefined
        pattern: string | undefined
      }
    | { kind: 'number'; integer: boolean; min: number | undefined; max: number | undefined }
    | { kind: 'boolean' }
    | { kind: 'enum'; options: readonly Json[] }
    | { kind: 'array'; item: FieldModel; minItems: number; maxItems: number | undefined }
    | { kind: 'object'; fields: readonly NamedField[] }
    /** An object of any names, such as headers or labels. */
    | { kind: 'map'; value: FieldModel }
    | { kind: 'choice'; choices: readonly { label: string; model: FieldModel }[] }
    | { kind: 'json' }
  )

interface Common {
  description: string | undefined
  nullable: boolean
  initial: Json | undefined
}

interface NamedField {
  name: string
  required: boolean
  model: FieldModel
}
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const maxDepth = 12

const unfitName = '\u0000typed'
/** What a person typed that is no value of its field yet: it is shown there, kept, and never sent. */
export const unfit = (text: string): Json => ({ [unfitName]: text })
/** The text of {@link unfit}, undefined for anything else. */
export const unfitText = (value: Json | undefined): string | undefined => {
  const typed = own(value, unfitName)
  return typeof typed === 'string' ? typed : undefined
}
/** The value as text; while it is not valid, the text as typed. */
export function asTyped(value: Json): Json {
  const typed = unfitText(value)
  if (typed !== undefined) return typed
  if (Array.isArray(value)) return value.map(asTyped)
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asTyped(inner)]))
    : value
}

/** Reads a schema, which a service wrote and which is therefore hostile: bounded in depth, references only within itself. */
export function fieldOf(schema: unknown, root: JsonSchema = isObject(schema) ? schema : {}, depth = 0): FieldModel {
  if (!isObject(schema) || depth > maxDepth)
    return { kind: 'json', description: undefined, nullable: false, initial: undefined }
  const resolved = resolve(schema, root)
  const common: Common = {
    description: text(resolved['description']) ?? text(resolved['title']),
    nullable: isNullable(resolved),
    initial: (resolved['default'] ?? (Array.isArray(resolved['examples']) ? resolved['examples'][0] : undefined)) as
      | Json
      | undefined,
  }
  const next = (inner: unknown) => fieldOf(inner, root, depth + 1)
  return { ...common, ...shapeOf(resolved, next) }
}

type Shape = FieldModel extends infer F ? (F extends FieldModel ? Omit<F, keyof Common> : never) : never

function shapeOf(schema: JsonSchema, next: (inner: unknown) => FieldModel): Shape {
  if ('const' in schema) return { kind: 'enum', options: [schema['const'] as Json] }
  if (Array.isArray(schema['enum']))
    return { kind: 'enum', options: (schema['enum'] as Json[]).filter((option) => option !== null) }
  const alternative = choicesOf(schema)
  const several = typesOf(schema)
  const choices = alternative.length === 0 && several.length > 1 ? several : alternative
  const [only] = choices
  if (choices.length === 1 && only !== undefined) return withoutCommon(next({ ...only }))
  if (choices.length > 1)
    return { kind: 'choice', choices: choices.map((each, at) => ({ label: labelOf(each, at), model: next(each) })) }
  switch (typeOf(schema)) {
    case 'string': {
      const maxLength = number(schema['maxLength'])
      const format = text(schema['format'])
      return {
        kind: 'string',
        format,
        long: format === undefined && maxLength !== undefined && maxLength > 200,
        minLength: number(schema['minLength']),
        maxLength,
        pattern: text(schema['pattern']),
      }
    }
    case 'integer':
    case 'number':
      return {
        kind: 'number',
        integer: typeOf(schema) === 'integer',
        min: number(schema['minimum']),
        max: number(schema['maximum']),
      }
    case 'boolean':
      return { kind: 'boolean' }
    case 'array':
      return {
        kind: 'array',
        item: next(schema['items'] ?? {}),
        minItems: number(schema['minItems']) ?? 0,
        maxItems: number(schema['maxItems']),
      }
    case 'object': {
      const properties = isObject(schema['properties']) ? Object.entries(schema['properties']) : []
      const required = Array.isArray(schema['required']) ? schema['required'] : []
      if (properties.length === 0 && isObject(schema['additionalProperties']))
        return { kind: 'map', value: next(schema['additionalProperties']) }
      return {
        kind: 'object',
        fields: properties.map(([name, inner]) => ({ name, required: required.includes(name), model: next(inner) })),
      }
    }
    default:
      return { kind: 'json' }
  }
}

/** What a new form sends: what is required, and what has a default. Undefined is left out. */
export function initialOf(model: FieldModel, required = true): Json | undefined {
  if (model.initial !== undefined) return model.initial
  if (!required) return undefined
  if (model.nullable) return null
  switch (model.kind) {
    case 'string':
      return ''
    case 'boolean':
      return false
    case 'enum':
      return model.options[0]
    case 'array':
      return Array.from({ length: Math.min(model.minItems, 20) }, () => initialOf(model.item) ?? null)
    case 'map':
      return {}
    case 'choice':
      return model.choices[0] === undefined ? undefined : initialOf(model.choices[0].model)
    case 'object':
      return compact(model.fields.map(({ name, required: needed, model: inner }) => [name, initialOf(inner, needed)]))
    case 'number':
    case 'json':
      return undefined
  }
}

/** An object of what is defined. Made by entries, so that a field called `__proto__` is one like any other. */
export const compact = (entries: readonly (readonly [string, Json | undefined])[]): Record<string, Json> =>
  Object.fromEntries(entries.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined))

/** What a person should mend, by the path of its field (`lines.0.sku`). The service's own checks have the last word. */
export function problemsOf(
  model: FieldModel,
  value: Json | undefined,
  required = true,
  path = '',
): Map<string, string> {
  const found = new Map<string, string>()
  const at = (inner: string | number) => (path === '' ? String(inner) : `${path}.${inner}`)
  const say = (message: string) => found.set(path, message)
  const within = (inner: Map<string, string>) => {
    for (const [key, message] of inner) found.set(key, message)
  }
  if (value === undefined) {
    if (required && model.kind !== 'json') say('Required')
    return found
  }
  if (unfitText(value) !== undefined && model.kind !== 'choice') {
    say(
      model.kind === 'number' ? (model.integer ? 'Enter a whole number' : 'Enter a number') : 'This is not valid JSON',
    )
    return found
  }
  if (value === null) {
    if (!model.nullable && model.kind !== 'json') say('Null is not allowed')
    return found
  }
  switch (model.kind) {
    case 'string':
      if (typeof value !== 'string') say('Enter text')
      else if (required && value === '' && (model.minLength ?? 0) > 0) say('Required')
      else if (model.minLength !== undefined && value.length < model.minLength)
        say(`At least ${model.minLength} characters`)
      else if (model.maxLength !== undefined && value.length > model.maxLength)
        say(`At most ${model.maxLength} characters`)
      else if (model.format === 'email' && !/^[^\s@]+@[^\s@]+$/.test(value)) say('Enter an email address')
      else if (model.format === 'date-time' && Number.isNaN(Date.parse(value)))
        say('Enter a time such as 2026-01-31T12:00:00Z')
      else if ((model.format === 'uri' || model.format === 'url') && !URL.canParse(value))
        say('Enter a URL such as https://example.com')
      break
    case 'number':
      if (typeof value !== 'number') say('Enter a number')
      else if (model.integer && !Number.isInteger(value)) say('Enter a whole number')
      else if (model.min !== undefined && value < model.min) say(`At least ${model.min}`)
      else if (model.max !== undefined && value > model.max) say(`At most ${model.max}`)
      break
    case 'array':
      if (!Array.isArray(value)) say('Enter a list')
      else {
        if (value.length < model.minItems)
          say(`At least ${model.minItems} ${model.minItems === 1 ? 'entry' : 'entries'}`)
        value.forEach((item, index) => within(problemsOf(model.item, item, true, at(index))))
      }
      break
    case 'object':
      if (!isObject(value)) say('Enter an object')
      else
        for (const { name, required: needed, model: inner } of model.fields)
          within(problemsOf(inner, own(value, name), needed, at(name)))
      break
    case 'map':
      if (!isObject(value)) say('Enter an object')
      else for (const [name, inner] of Object.entries(value)) within(problemsOf(model.value, inner, true, at(name)))
      break
    case 'boolean':
      if (typeof value !== 'boolean') say('Choose true or false')
      break
    case 'enum':
      if (!model.options.some((option) => JSON.stringify(option) === JSON.stringify(value)))
        say('Choose one of the options')
      break
    case 'choice': {
      const chosen = model.choices[choiceOf(model.choices, value)]
      if (chosen !== undefined) within(problemsOf(chosen.model, value, true, path))
      break
    }
    default:
  }
  return found
}

/** A property that is the object's own: `constructor` is none unless somebody sent it. */
export const own = (value: Json | undefined, name: string): Json | undefined =>
  isObject(value) && Object.hasOwn(value, name) ? (value as Record<string, Json>)[name] : undefined

/** Which of the choices a value belongs to: the one whose schema it satisfies, else the one that its constant fields name, else the one of its type. */
export function choiceOf(choices: readonly { model: FieldModel }[], value: Json | undefined): number {
  const fits = choices.findIndex(
    ({ model }) => value !== undefined && problemsOf(model, value).size === 0 && sameNames(model, value),
  )
  if (fits !== -1) return fits
  const named = choices.findIndex(({ model }) => {
    const fixed =
      model.kind === 'object'
        ? model.fields.filter((field) => field.model.kind === 'enum' && field.model.options.length === 1)
        : []
    return fixed.length > 0 && fixed.every((field) => problemsOf(field.model, own(value, field.name)).size === 0)
  })
  return Math.max(0, named === -1 ? choices.findIndex(({ model }) => isOfKind(model, value)) : named)
}

function isOfKind({ kind, ...model }: FieldModel, value: Json | undefined): boolean {
  if (unfitText(value) !== undefined) return kind === 'number' || kind === 'json'
  switch (kind) {
    case 'object':
    case 'map':
      return isObject(value)
    case 'array':
      return Array.isArray(value)
    case 'enum':
      return 'options' in model && model.options.some((option) => typeof option === typeof value)
    default:
      return typeof value === kind
  }
}

const sameNames = (model: FieldModel, value: Json) =>
  model.kind !== 'object' ||
  (isObject(value) && Object.keys(value).every((name) => model.fields.some((field) => field.name === name)))

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let at = schema
  for (let hops = 0; typeof at['$ref'] === 'string' && hops < 10; hops += 1) {
    const target = lookUp(at['$ref'], root)
    if (target === undefined) return {}
    const { $ref: _reference, ...beside } = at
    at = { ...target, ...beside }
  }
  if (Array.isArray(at['allOf'])) return merge([at, ...at['allOf'].filter(isObject).map((each) => resolve(each, root))])
  return at
}

function merge(parts: readonly JsonSchema[]): JsonSchema {
  const all: JsonSchema = {}
  for (const { allOf: _allOf, ...part } of parts) {
    const properties = {
      ...(all['properties'] as object | undefined),
      ...(isObject(part['properties']) && part['properties']),
    }
    const required = [
      ...((all['required'] as unknown[] | undefined) ?? []),
      ...(Array.isArray(part['required']) ? part['required'] : []),
    ]
    Object.assign(
      all,
      part,
      Object.keys(properties).length > 0 && { type: 'object', properties },
      required.length > 0 && { required },
    )
  }
  return all
}

function lookUp(reference: string, root: JsonSchema): JsonSchema | undefined {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let at: unknown = root
  for (const part of reference
    .slice(2)
    .split('/')
    .map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'))) {
    if (!isObject(at) || !Object.hasOwn(at, part)) return undefined
    at = at[part]
  }
  return isObject(at) ? at : undefined
}

const alternatives = (schema: JsonSchema): unknown[] => [schema['anyOf'], schema['oneOf']].find(Array.isArray) ?? []
const isNull = (schema: unknown) => isObject(schema) && (schema['type'] === 'null' || schema['const'] === null)
const choicesOf = (schema: JsonSchema): JsonSchema[] =>
  alternatives(schema).filter((each): each is JsonSchema => isObject(each) && !isNull(each))

function isNullable(schema: JsonSchema): boolean {
  if (schema['nullable'] === true || alternatives(schema).some(isNull)) return true
  if (Array.isArray(schema['enum'])) return schema['enum'].includes(null)
  return Array.isArray(schema['type']) && schema['type'].includes('null')
}

function typeOf(schema: JsonSchema): unknown {
  const { type } = schema
  if (typeof type === 'string') return type
  if (Array.isArray(type)) {
    const others = type.filter((each) => each !== 'null')
    return others.length === 1 ? others[0] : undefined
  }
  return isObject(schema['properties']) ? 'object' : undefined
}

const types = ['string', 'number', 'integer', 'boolean', 'array', 'object']
/** Of `type: ['string', 'number']`, one schema for each. */
function typesOf(schema: JsonSchema): JsonSchema[] {
  const { type } = schema
  return Array.isArray(type)
    ? types.filter((each) => type.includes(each)).map((each) => ({ ...schema, type: each }))
    : []
}

function labelOf(schema: JsonSchema, at: number): string {
  const properties = isObject(schema['properties']) ? Object.values(schema['properties']) : []
  const fixed = properties.find((each) => isObject(each) && 'const' in each)
  return (
    text(schema['title']) ??
    (isObject(fixed) ? String(fixed['const']) : undefined) ??
    text(typeOf(schema)) ??
    `Form ${at + 1}`
  )
}

function withoutCommon({
  description: _description,
  nullable: _nullable,
  initial: _initial,
  ...shape
}: FieldModel): Shape {
  return shape
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
