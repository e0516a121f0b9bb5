import { expect, test } from 'vitest'
import type { Endpoint } from './endpoints.ts'
import { openApiOf } from './openapi.ts'

const hello: Endpoint = {
  name: 'Hello',
  description: 'Greets',
  stream: false,
  request: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
  response: { type: 'object', properties: { message: { type: 'string' } } },
}
const about = { title: 'shop', revision: 'abc1234', server: 'http://127.0.0.1:8080/v1/shop/' }
type Document = {
  paths: Record<
    string,
    Record<
      string,
      {
        parameters?: { name: string; in: string; required: boolean }[]
        requestBody?: { content: Record<string, { schema: Record<string, unknown> }> }
        responses: Record<string, { content: object }>
      }
    >
  >
  servers: { url: string }[]
}
const documentOf = (...endpoints: Endpoint[]) => openApiOf(endpoints, about) as unknown as Document

test('an endpoint is a POST on its name, with its schemas as they are', () => {
  const { paths, servers } = documentOf(hello)
  expect(servers[0]?.url).toBe('http://127.0.0.1:8080/v1/shop')
  expect(paths['/Hello']?.['post']?.requestBody?.content['application/json']?.schema).toEqual(hello.request)
})

test('names in the path and the query leave the body', () => {
  const request = {
    type: 'object',
    required: ['id', 'title'],
    properties: { id: { type: 'string' }, title: { type: 'string' }, page: { type: 'integer' } },
  }
  const { paths } = documentOf(
    { ...hello, name: 'put', method: 'PUT', path: '/posts/{id}', request },
    { ...hello, name: 'get', method: 'GET', path: '/posts/{id}', request },
  )
  const { put, get } = paths['/posts/{id}'] ?? {}
  expect(put?.parameters).toEqual([{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }])
  expect(put?.requestBody?.content['application/json']?.schema).toMatchObject({
    required: ['title'],
    properties: { title: {}, page: {} },
  })
  expect(get?.requestBody).toBeUndefined()
  expect(get?.parameters?.map(({ name, in: place, required }) => `${name} ${place} ${required}`)).toEqual([
    'id path true',
    'title query true',
    'page query false',
  ])
})

test('a stream answers with events', () => {
  expect(
    Object.keys(documentOf({ ...hello, stream: true }).paths['/Hello']?.['post']?.responses['200']?.content ?? {}),
  ).toEqual(['text/event-stream'])
})
