import { expect, test } from 'vitest'
import { exampleCall } from './example-call.ts'

const service = (request: object, more: object = {}) => ({
  name: 'hello',
  environment: 'production',
  endpoints: [{ name: 'Hello', request: request as Record<string, unknown>, response: {}, stream: false, ...more }],
})

test('fills in what is needed, and nothing else', () => {
  const request = {
    type: 'object',
    properties: {
      name: { type: 'string' },
      age: { type: 'integer', minimum: 3 },
      why: { type: 'string' },
      kind: { enum: ['a', 'b'] },
    },
    required: ['name', 'age', 'kind'],
  }
  expect(exampleCall('m3o', service(request), 'http://gateway')).toBe(
    `m3o call hello Hello '{"name":"…","age":3,"kind":"a"}'`,
  )
  expect(exampleCall('sdk', service(request), '')).toContain(`call("hello", "Hello", {"name":"…","age":3,"kind":"a"})`)
})

test('what a service says of itself stays data in a shell', () => {
  const text = exampleCall('curl', service({ default: `'; rm -rf / #` }, { path: `/a'$(id)` }), 'http://gateway')
  expect(text).toContain(`'http://gateway/v1/hello/a'\\''$(id)'`)
  expect(text).toContain(`--data-raw '"'\\''; rm -rf / #"'`)
})

test('one that describes nothing is asked for its root, in the environment that is looked at', () => {
  expect(exampleCall('m3o', { name: 'plain', environment: 'alice', endpoints: [] }, '')).toBe(
    'm3o call plain / --env alice',
  )
})

test('schemas that go round or lie are no endless work', () => {
  const round: Record<string, unknown> = { type: 'object', required: ['again', 7, '__proto__'] }
  round['properties'] = { again: round }
  expect(() => exampleCall('m3o', service(round), '')).not.toThrow()
})
