import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { descriptionBound, maxInlinedValues } from '#contract/bounds.ts'
import { endpointsOfOpenApi } from './openapi.ts'
import { readEndpoints } from './read-endpoints.ts'

async function serving(body: string) {
  const server = createServer((request, response) =>
    request.url === '/openapi.json' ? response.end(body) : response.writeHead(404).end(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test.each([
  ['more bytes', `"${'x'.repeat(descriptionBound.chars)}"`, '/openapi.json is larger than 4 MB'],
  ['more values', `[${'0,'.repeat(descriptionBound.values)}0]`, '/openapi.json is larger than 200,000 values'],
  ['more levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, '/openapi.json is nested deeper than 100 levels'],
])('a document with %s than are read is left out, and it is said why', async (_, body, why) => {
  await using at = await serving(body)
  const said: string[] = []
  expect(await readEndpoints('127.0.0.1', at.port, (one) => said.push(one))).toEqual([])
  expect(said).toEqual([why])
})

const values = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce<number>((sum, one) => sum + values(one), 1)
    : 1

test('an OpenAPI document whose references multiply it is copied out no further than the bound, for all operations together', () => {
  const content = (schema: unknown) => ({ content: { 'application/json': { schema } } })
  const list = { type: 'string', enum: Array.from({ length: 5_000 }, (_, n) => `${n}`) }
  const schemas = Object.fromEntries(
    Array.from({ length: 6 }, (_, n) => [
      `s${n}`,
      {
        properties: {
          a: { $ref: `#/components/schemas/s${n + 1}` },
          b: { $ref: `#/components/schemas/s${n + 1}` },
          list,
        },
      },
    ]),
  )
  const paths = Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [
      `/p${n}`,
      {
        post: {
          operationId: `Op${n}`,
          requestBody: content({ $ref: '#/components/schemas/s0' }),
          parameters: Array.from({ length: 50 }, (_, p) => ({
            name: `q${p}`,
            schema: { $ref: '#/components/schemas/s0' },
          })),
          responses: { 200: content({ $ref: '#/components/schemas/s0' }) },
        },
      },
    ]),
  )
  const said: string[] = []
  const found = endpointsOfOpenApi({ openapi: '3.1.0', paths, components: { schemas } }, (why) => said.push(why))
  expect(said).toEqual(['/openapi.json has more than 100,000 values once its references are followed'])
  expect(found.length).toBeGreaterThan(0)
  // An array that is copied is cut before it is counted: each of the last may be one longer.
  expect(found.reduce((sum, { request, response }) => sum + values(request) + values(response), 0)).toBeLessThan(
    2 * maxInlinedValues,
  )
})

test('lists within lists, deeper than any stack, are no endpoint', () => {
  let deep: unknown = {}
  for (let depth = 0; depth < 50_000; depth++) deep = [deep]
  const document = {
    openapi: '3.0.0',
    paths: { '/a': { post: { responses: { 200: { content: { 'application/json': { schema: { items: deep } } } } } } } },
  }
  expect(endpointsOfOpenApi(document).length).toBeLessThanOrEqual(1)
})
