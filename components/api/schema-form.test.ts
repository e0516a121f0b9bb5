import { expect, test } from 'vitest'
import { asTyped, choiceOf, fieldOf, initialOf, problemsOf, unfit } from './schema-form.ts'

const order = fieldOf({
  type: 'object',
  required: ['lines', 'coupon', 'vip'],
  properties: {
    lines: { type: 'array', minItems: 1, items: { $ref: '#/$defs/line' } },
    coupon: { type: ['string', 'null'] },
    vip: { type: 'boolean', default: true },
    note: { type: 'string', maxLength: 500 },
    deliverAt: { type: 'string', format: 'date-time' },
  },
  $defs: {
    line: {
      type: 'object',
      required: ['sku', 'quantity'],
      properties: {
        sku: { type: 'string', minLength: 1 },
        quantity: { type: 'integer', minimum: 1, maximum: 9 },
        currency: { enum: ['EUR', 'USD'], default: 'USD' },
      },
    },
  },
})

test('fields keep the order of their source and know what they are', () => {
  expect(
    order.kind === 'object' &&
      order.fields.map(
        ({ name, required, model }) => `${name} ${model.kind}${required ? '' : '?'}${model.nullable ? ' or null' : ''}`,
      ),
  ).toEqual(['lines array', 'coupon string or null', 'vip boolean', 'note string?', 'deliverAt string?'])
})

test('a new form sends what is required, and defaults', () => {
  expect(initialOf(order)).toEqual({ lines: [{ sku: '', currency: 'USD' }], coupon: null, vip: true })
})

test('problems are told at their fields', () => {
  const problems = problemsOf(order, { lines: [{ sku: '', quantity: 10 }], vip: true, coupon: null, deliverAt: 'soon' })
  expect([...problems.keys()]).toEqual(['lines.0.sku', 'lines.0.quantity', 'deliverAt'])
  expect(problemsOf(order, { lines: [], vip: true, coupon: null }).get('lines')).toBe('At least 1 entry')
  expect(problemsOf(order, { vip: true, coupon: null }).get('lines')).toBe('Required')
})

test('a schema that refers to itself ends', () => {
  const tree = {
    type: 'object',
    required: ['children'],
    properties: { children: { type: 'array', minItems: 1, items: { $ref: '#' } } },
  }
  expect(JSON.stringify(fieldOf(tree)).length).toBeLessThan(10_000)
  expect(() => initialOf(fieldOf(tree))).not.toThrow()
  expect(fieldOf({ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }).kind).toBe('json')
  expect(fieldOf({ $ref: 'https://elsewhere.example/schema.json' }).kind).toBe('json')
})

test('nonsense is a field for JSON', () => {
  for (const schema of [null, 7, [], {}, { type: 'elephant' }, { properties: 3 }])
    expect(fieldOf(schema).kind).toBe('json')
})

test('names of Object.prototype are names like any other', () => {
  const model = fieldOf({
    type: 'object',
    required: ['constructor', '__proto__'],
    properties: JSON.parse('{"constructor": {"type": "string"}, "__proto__": {"type": "string"}}') as object,
  })
  expect([...problemsOf(model, {}).keys()]).toEqual(['constructor', '__proto__'])
  expect(JSON.stringify(initialOf(model))).toBe('{"constructor":"","__proto__":""}')
})

test('one that may be null is itself, several are a choice', () => {
  expect(fieldOf({ anyOf: [{ type: 'string', format: 'email' }, { type: 'null' }] })).toMatchObject({
    kind: 'string',
    format: 'email',
    nullable: true,
  })
  const shape = fieldOf({
    oneOf: [
      { type: 'object', required: ['kind', 'r'], properties: { kind: { const: 'circle' }, r: { type: 'number' } } },
      { type: 'object', required: ['kind', 'a'], properties: { kind: { const: 'square' }, a: { type: 'number' } } },
    ],
  })
  if (shape.kind !== 'choice') throw new Error(shape.kind)
  expect(shape.choices.map(({ label }) => label)).toEqual(['circle', 'square'])
  expect(choiceOf(shape.choices, { kind: 'square', a: 2 })).toBe(1)
})

test('all of several is one form', () => {
  const model = fieldOf({
    allOf: [
      { type: 'object', required: ['a'], properties: { a: { type: 'string' } } },
      { properties: { b: { type: 'number' } } },
    ],
  })
  expect(model.kind === 'object' && model.fields.map(({ name, required }) => `${name}${required}`)).toEqual([
    'atrue',
    'bfalse',
  ])
})

test('an object of any names is a map', () => {
  expect(fieldOf({ type: 'object', additionalProperties: { type: 'integer' } })).toMatchObject({
    kind: 'map',
    value: { kind: 'number', integer: true },
  })
})

test('a union of scalars is a choice of proper fields', () => {
  const model = fieldOf({ type: ['string', 'integer', 'null'] })
  expect(model).toMatchObject({
    kind: 'choice',
    nullable: true,
    choices: [
      { label: 'string', model: { kind: 'string' } },
      { label: 'integer', model: { kind: 'number', integer: true } },
    ],
  })
  expect(fieldOf({ anyOf: [{ type: 'boolean' }, { type: 'number' }] })).toMatchObject({
    kind: 'choice',
    choices: [{ label: 'boolean' }, { label: 'number' }],
  })
})

test('text that is not a valid value yet is reported at its field and stays as typed', () => {
  const model = fieldOf({
    type: 'object',
    properties: { count: { type: 'integer' }, any: {}, either: { type: ['string', 'number'] } },
  })
  const value = { count: unfit('12a'), any: unfit('{'), either: unfit('x1') }
  expect(Object.fromEntries(problemsOf(model, value))).toEqual({
    count: 'Enter a whole number',
    any: 'This is not valid JSON',
    either: 'Enter a number',
  })
  expect(asTyped(value)).toEqual({ count: '12a', any: '{', either: 'x1' })
})

test('fields inside a union are checked', () => {
  const model = fieldOf({
    type: 'object',
    required: ['shape'],
    properties: {
      shape: {
        oneOf: [
          {
            type: 'object',
            required: ['kind', 'r'],
            properties: { kind: { const: 'circle' }, r: { type: 'number', minimum: 1 } },
          },
          {
            type: 'object',
            required: ['kind', 'a'],
            properties: { kind: { const: 'square' }, a: { type: 'number', minimum: 1 } },
          },
        ],
      },
    },
  })
  expect(Object.fromEntries(problemsOf(model, { shape: { kind: 'square', a: 0 } }))).toEqual({
    'shape.a': 'At least 1',
  })
  expect(problemsOf(model, { shape: { kind: 'circle', r: 2 } }).size).toBe(0)
  expect([...problemsOf(model, { shape: {} }).keys()]).toEqual(['shape.kind', 'shape.r'])
})
