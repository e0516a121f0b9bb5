import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { maxComparisonSteps, maxEndpointSteps } from './bounds.ts'
import { breakingOf, compareEndpoints } from './compatibility.ts'
import type { Endpoint, JsonSchema } from './endpoints.ts'
import { spokenChange } from './impact-words.ts'

const endpoint = (request: JsonSchema, response: JsonSchema = {}, more: Partial<Endpoint> = {}): Endpoint => ({
  name: 'Hello',
  request,
  response,
  stream: false,
  ...more,
})
const object = (properties: Record<string, JsonSchema>, required = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  properties,
  required,
})
const text = { type: 'string' }
const ofRequest = (before: JsonSchema, after: JsonSchema) => compareEndpoints([endpoint(before)], [endpoint(after)])
const ofResponse = (before: JsonSchema, after: JsonSchema) =>
  compareEndpoints([endpoint({}, before)], [endpoint({}, after)])
const said = (changes: ReturnType<typeof compareEndpoints>) =>
  changes.map(({ kind, at, breaking }) => `${breaking ? '!' : ''}${kind} ${at}`)

test('a removed endpoint breaks, a new one does not, and where there was none before nothing is told', () => {
  expect(compareEndpoints([endpoint({})], [endpoint({}, {}, { name: 'Bye' })])).toEqual([
    { endpoint: 'Hello', kind: 'removed', at: '', breaking: true, message: 'was removed' },
    { endpoint: 'Bye', kind: 'added', at: '', breaking: false, message: 'is new' },
  ])
  expect(compareEndpoints([], [endpoint({})])).toEqual([])
})

test.each([
  [
    'a new required field of the request',
    () => ofRequest(object({ name: text }), object({ name: text, age: { type: 'number' } })),
    ['!required request.age'],
  ],
  [
    'a new optional field of the request',
    () => ofRequest(object({ name: text }), object({ name: text, age: { type: 'number' } }, ['name'])),
    ['field request.age'],
  ],
  [
    'a field that becomes required',
    () => ofRequest(object({ name: text }, []), object({ name: text })),
    ['!required request.name'],
  ],
  [
    'a field of the request that is not looked at any more',
    () => ofRequest(object({ name: text }), object({})),
    ['ignored request.name'],
  ],
  [
    'the same where nothing else may be sent',
    () => ofRequest(object({ name: text }), { ...object({}), additionalProperties: false }),
    ['!narrowed request.name', '!narrowed request'],
  ],
  ['another type', () => ofRequest(object({ n: text }), object({ n: { type: 'number' } })), ['!type request.n']],
  [
    'a whole number that becomes any',
    () => ofRequest(object({ n: { type: 'integer' } }), object({ n: { type: 'number' } })),
    [],
  ],
  [
    'any number that becomes whole',
    () => ofRequest(object({ n: { type: 'number' } }), object({ n: { type: 'integer' } })),
    ['!type request.n'],
  ],
  ['fewer values', () => ofRequest({ enum: ['a', 'b'] }, { enum: ['a'] }), ['!narrowed request']],
  ['more values', () => ofRequest({ enum: ['a'] }, { enum: ['a', 'b'] }), []],
  ['a tighter bound', () => ofRequest({ type: 'string' }, { type: 'string', maxLength: 5 }), ['!narrowed request']],
  ['a looser bound', () => ofRequest({ type: 'string', maxLength: 5 }, { type: 'string', maxLength: 9 }), []],
  ['one form less', () => ofRequest({ anyOf: [text, { type: 'number' }] }, text), ['!narrowed request']],
  ['one form more', () => ofRequest(text, { anyOf: [text, { type: 'number' }] }), []],
  [
    'a list of something else',
    () => ofRequest({ type: 'array', items: text }, { type: 'array', items: { type: 'number' } }),
    ['!type request[]'],
  ],
  ['a field less in the answer', () => ofResponse(object({ total: text }), object({})), ['!missing response.total']],
  ['a field more in the answer', () => ofResponse(object({}), object({ total: text })), ['field response.total']],
  [
    'a field that may be missing',
    () => ofResponse(object({ total: text }), object({ total: text }, [])),
    ['!missing response.total'],
  ],
  [
    'an answer that may be null',
    () => ofResponse(object({ total: text }), object({ total: { anyOf: [text, { type: 'null' }] } })),
    ['!widened response.total'],
  ],
  [
    'an answer that may be null, by its types',
    () => ofResponse({ type: 'string' }, { type: ['string', 'null'] }),
    ['!widened response'],
  ],
  ['another value in the answer', () => ofResponse({ enum: ['a'] }, { enum: ['a', 'b'] }), ['!widened response']],
  [
    'nested in lists of objects',
    () =>
      ofResponse(
        { type: 'array', items: object({ id: text }) },
        { type: 'array', items: object({ id: { type: 'number' } }) },
      ),
    ['!type response[].id'],
  ],
  [
    'behind a reference',
    () =>
      ofResponse(
        { $ref: '#/$defs/a', $defs: { a: object({ id: text }) } },
        { $ref: '#/$defs/a', $defs: { a: object({}) } },
      ),
    ['!missing response.id'],
  ],
])('%s', (_, changes, expected) => {
  expect(said(changes())).toEqual(expected)
})

test('what is streamed, and how it is called, are a part of it', () => {
  expect(
    breakingOf(compareEndpoints([endpoint({})], [endpoint({}, {}, { stream: true })])).map(({ message }) => message),
  ).toEqual(['now responds with a stream'])
  expect(
    breakingOf(
      compareEndpoints(
        [endpoint({}, {}, { method: 'GET', path: '/a' })],
        [endpoint({}, {}, { method: 'GET', path: '/b' })],
      ),
    ).map(({ message }) => message),
  ).toEqual(['is now called with GET /b instead of GET /a'])
})

test('a schema that refers to itself, or to nothing, ends', () => {
  const tree = (extra: JsonSchema) => ({ ...object({ children: { type: 'array', items: { $ref: '#' } }, ...extra }) })
  expect(said(ofResponse(tree({ name: text }), tree({ name: text })))).toEqual([])
  expect(ofResponse(tree({ name: text }), tree({})).length).toBeGreaterThan(0)
  expect(ofRequest({ $ref: '#' }, { $ref: '#/nowhere' })).toEqual([])
})

/** Schemas of the kinds that zod and people write, small. */
const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthIdentifier: 's' },
    fc.constantFrom<JsonSchema>(
      { type: 'string' },
      { type: 'number' },
      { type: 'integer' },
      { type: 'boolean' },
      { type: 'null' },
      {},
      { type: ['string', 'null'] },
    ),
    fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 1), { minLength: 1 }).map((values) => ({ enum: values })),
    fc.record(
      { type: fc.constant('string'), minLength: fc.nat(3), maxLength: fc.integer({ min: 3, max: 6 }) },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      {
        type: fc.constant('integer'),
        minimum: fc.integer({ min: -3, max: 0 }),
        maximum: fc.integer({ min: 0, max: 3 }),
      },
      { requiredKeys: ['type'] },
    ),
    tie('schema').map((items) => ({ type: 'array', items })),
    fc.tuple(tie('schema'), tie('schema')).map((anyOf) => ({ anyOf })),
    fc
      .tuple(
        fc.dictionary(fc.constantFrom('x', 'y', 'z'), tie('schema'), { maxKeys: 3 }),
        fc.subarray(['x', 'y', 'z']),
        fc.constantFrom<JsonSchema>({}, { additionalProperties: false }),
      )
      .map(([properties, required, extra]) => ({
        type: 'object',
        properties,
        required: required.filter((name) => name in properties),
        ...extra,
      })),
  ),
}))

/** Some of what a schema takes, by looking at it. */
function valueOf(of: JsonSchema): fc.Arbitrary<unknown> {
  const {
    type,
    enum: values,
    anyOf,
    properties,
    required,
    items,
    minLength,
    maxLength,
    minimum,
    maximum,
  } = of as Record<string, never> & {
    anyOf?: JsonSchema[]
    enum?: unknown[]
    properties?: Record<string, JsonSchema>
    required?: string[]
    items?: JsonSchema
  }
  if (anyOf !== undefined) return fc.oneof(...anyOf.map(valueOf))
  if (values !== undefined) return fc.constantFrom(...values)
  if (Array.isArray(type)) return fc.oneof(...(type as string[]).map((one) => valueOf({ ...of, type: one })))
  switch (type as string | undefined) {
    case 'string':
      return fc.string({ minLength: minLength ?? 0, maxLength: maxLength ?? 8 })
    case 'integer':
      return fc.integer({ min: minimum ?? -5, max: maximum ?? 5 })
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true, min: -5, max: 5 })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(valueOf(items ?? {}), { maxLength: 3 })
    case 'object':
      return fc.record(
        Object.fromEntries(Object.entries(properties ?? {}).map(([name, one]) => [name, valueOf(one)])),
        { requiredKeys: (required ?? []) as never[] },
      )
    default:
      return fc.oneof(
        fc.string({ maxLength: 3 }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.constant([]),
        fc.constant({}),
      )
  }
}

const takes = (of: JsonSchema, value: unknown) => z.fromJSONSchema(of).safeParse(value).success

test('nothing differs from itself, in whatever order its keys are written', () => {
  fc.assert(
    fc.property(schema, schema, (request, response) => {
      expect(
        compareEndpoints(
          [endpoint(request, response)],
          [endpoint(structuredClone(request), structuredClone(response))],
        ),
      ).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test('where a request is said to break nobody, all that was taken before still is', () => {
  fc.assert(
    fc.property(
      schema.chain((before) => fc.tuple(fc.constant(before), fc.oneof(schema, mutationOf(before)), valueOf(before))),
      ([before, after, value]) => {
        fc.pre(breakingOf(ofRequest(before, after)).length === 0)
        expect(takes(before, value)).toBe(true)
        expect(takes(after, value)).toBe(true)
      },
    ),
    { numRuns: 2_000, maxSkipsPerRun: 1_000 },
  )
})

test('where an answer is said to break nobody, all that comes back now could have before, but for fields that are new and bounds', () => {
  fc.assert(
    fc.property(
      schema.chain((before) =>
        fc
          .oneof(schema, mutationOf(before))
          .chain((after) => fc.tuple(fc.constant(before), fc.constant(after), valueOf(after))),
      ),
      ([before, after, value]) => {
        fc.pre(breakingOf(ofResponse(before, after)).length === 0)
        expect(takes(loose(before), value)).toBe(true)
      },
    ),
    { numRuns: 2_000, maxSkipsPerRun: 1_000 },
  )
})

/** The same schema with one thing about it changed, which random pairs seldom are. */
function mutationOf(before: JsonSchema): fc.Arbitrary<JsonSchema> {
  const { properties = {}, required = [] } = before as { properties?: Record<string, JsonSchema>; required?: string[] }
  return fc.constantFrom<JsonSchema>(
    before,
    { anyOf: [before, { type: 'null' }] },
    { ...before, required: [] },
    { ...before, required: Object.keys(properties) },
    { ...before, properties: { ...properties, w: { type: 'string' } } },
    { ...before, properties: { ...properties, w: { type: 'string' } }, required: [...required, 'w'] },
    { ...before, maxLength: 9 },
    { ...before, minimum: -9 },
  )
}

/** Whoever reads an answer reads past what they do not know. */
function loose(of: unknown): JsonSchema {
  if (Array.isArray(of)) return of.map(loose) as unknown as JsonSchema
  if (typeof of !== 'object' || of === null) return of as JsonSchema
  const dropped = new Set(['additionalProperties', 'minLength', 'maxLength', 'minimum', 'maximum'])
  return Object.fromEntries(
    Object.entries(of)
      .filter(([key]) => !dropped.has(key))
      .map(([key, value]) => [key, loose(value)]),
  )
}

/** Schemas whose references make far more paths than there are schemas. */
const hostile: Record<string, (leaf: JsonSchema) => JsonSchema> = {
  'two fields that are the schema itself': (leaf) => ({
    ...object({ left: { $ref: '#' }, right: { $ref: '#' }, leaf }),
  }),
  'two fields that lead to the next of thirty': (leaf) => ({
    $ref: '#/$defs/s0',
    $defs: chain((next) => object({ left: next, right: next }), leaf),
  }),
  'two forms, each the schema itself': (leaf) => ({
    anyOf: [
      object({ a: { $ref: '#' }, leaf }),
      object({ b: { $ref: '#' }, leaf }),
      { type: 'array', items: { $ref: '#' } },
    ],
  }),
  'two forms that lead to the next of thirty': (leaf) => ({
    $ref: '#/$defs/s0',
    $defs: chain((next) => ({ anyOf: [object({ a: next }), object({ b: next })] }), leaf),
  }),
  'two parts that both lead to the next of thirty': (leaf) => ({
    $ref: '#/$defs/s0',
    $defs: chain((next) => ({ allOf: [next, next] }), leaf),
  }),
  'references in a circle': () => ({
    $ref: '#/$defs/a',
    $defs: { a: { $ref: '#/$defs/b' }, b: { allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }] } },
  }),
  'a thousand forms': (leaf) => ({
    anyOf: Array.from({ length: 1000 }, (_, n) => object({ kind: { const: `${n}` }, leaf })),
  }),
  'a reference that is not an escaped one': (leaf) => object({ a: { $ref: '#/%E0%A4%A/b' }, leaf }),
}
function chain(link: (next: JsonSchema) => JsonSchema, leaf: JsonSchema): Record<string, JsonSchema> {
  return {
    ...Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`s${n}`, link({ $ref: `#/$defs/s${n + 1}` })])),
    s30: object({ leaf }),
  }
}

test.each(Object.entries(hostile))('%s: compared with few steps, on both sides', (_, make) => {
  for (const [before, after] of [
    [make(text), make({ type: 'number' })],
    [make(text), { ...make(text), title: 'the same but for its title' }],
  ] as const) {
    const effort = { steps: 0 }
    compareEndpoints([endpoint(before, before)], [endpoint(after, after)], effort)
    expect(effort.steps).toBeLessThanOrEqual(maxEndpointSteps + 5_000)
  }
})

test('a change behind a schema that refers to itself is found, and one that is not there is not', () => {
  for (const [name, make] of Object.entries(hostile).slice(0, 5)) {
    expect(breakingOf(ofResponse(make(text), make({ type: 'number' }))), name).not.toEqual([])
    expect(ofRequest(make(text), { ...make(text), title: 'other' }), name).toEqual([])
  }
})

test('what is too large to be compared is said, the rest is compared, and all of it together has a bound', () => {
  const wide = (n: number) => ({
    anyOf: Array.from({ length: 600 }, (_, index) =>
      object({ [`f${n}_${index}`]: text, more: { enum: [`${index}`] } }),
    ),
  })
  const all = (n: number, last: JsonSchema) => [
    ...Array.from({ length: 20 }, (_, index) => endpoint(wide(n), {}, { name: `Wide${index}` })),
    endpoint(last, {}, { name: 'Last' }),
  ]
  const effort = { steps: 0 }
  const changes = compareEndpoints(all(1, { type: 'string' }), all(2, { type: 'string' }), effort)
  expect(changes.filter(({ kind }) => kind === 'unchecked').map((change) => spokenChange(change))[0]).toBe(
    'Wide0 has schemas that are too large to compare, so its compatibility was not fully checked',
  )
  expect(breakingOf(changes)).toEqual([])
  expect(effort.steps).toBeLessThanOrEqual(maxComparisonSteps + 5_000)
  // What comes before it is not hidden by it.
  const first = compareEndpoints(
    [endpoint({ type: 'string' }), ...all(1, {})],
    [endpoint({ type: 'number' }), ...all(2, {})],
  )
  expect(said(first)[0]).toBe('!type request')
})

test('what is said of a change is short, however long its names and values are', () => {
  const long = 'x'.repeat(100_000)
  const changes = ofRequest(
    object({ [long]: { enum: [long, 'b'] }, o: { type: 'string' } }),
    object({ [long]: { enum: ['b'] }, o: { type: 'string', pattern: long } }),
  )
  expect(changes).toHaveLength(2)
  for (const change of changes) expect(JSON.stringify(change).length).toBeLessThan(1_500)
})

/** Documents of schemas that refer to each other in any way. */
const references = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 }).chain((names) => {
  const reference = fc.constantFrom(...names, '').map((name) => ({ $ref: name === '' ? '#' : `#/$defs/${name}` }))
  const part: fc.Arbitrary<JsonSchema> = fc.oneof(
    reference,
    fc.constantFrom<JsonSchema>({ type: 'string' }, { type: 'number' }, {}),
    fc.array(reference, { maxLength: 4 }).map((anyOf) => ({ anyOf })),
    fc.array(reference, { maxLength: 4 }).map((allOf) => ({ allOf })),
    reference.map((items) => ({ type: 'array', items })),
    fc
      .dictionary(fc.constantFrom('x', 'y', 'z'), reference, { maxKeys: 3 })
      .map((properties) => ({ type: 'object', properties, required: Object.keys(properties) })),
  )
  return fc.tuple(part, ...names.map(() => part)).map(([root, ...parts]) => ({
    ...root,
    $defs: Object.fromEntries(names.map((name, index) => [name, parts[index]])),
  }))
})

test('whatever refers to whatever, it takes steps in proportion to the pairs of schemas, and nothing differs from itself', () => {
  fc.assert(
    fc.property(references, references, (before, after) => {
      const effort = { steps: 0 }
      compareEndpoints([endpoint(before, before)], [endpoint(after, after)], effort)
      expect(effort.steps).toBeLessThan(maxEndpointSteps)
      expect(ofRequest(before, { ...structuredClone(before), title: 'other' })).toEqual([])
      expect(ofResponse(before, { ...structuredClone(before), title: 'other' })).toEqual([])
    }),
    { numRuns: 500 },
  )
})
