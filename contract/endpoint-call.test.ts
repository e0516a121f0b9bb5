import { expect, test } from 'vitest'
import { endpointCall } from './endpoint-call.ts'

test('names go into the path, the query of what has no body, and the body of what has one', () => {
  expect(endpointCall({ name: 'Hello' }, { name: 'Ann' })).toEqual({
    method: 'POST',
    path: '/Hello',
    body: '{"name":"Ann"}',
  })
  expect(
    endpointCall({ name: 'getPet', method: 'get', path: '/pets/{id}' }, { id: 'a/b', tag: ['x', 'y'], deep: { a: 1 } }),
  ).toEqual({ method: 'GET', path: '/pets/a%2Fb?tag=x&tag=y&deep=%7B%22a%22%3A1%7D', body: null })
  expect(endpointCall({ name: 'setPet', method: 'PUT', path: '/pets/{id}' }, { id: 7, name: 'Rex' })).toEqual({
    method: 'PUT',
    path: '/pets/7',
    body: '{"name":"Rex"}',
  })
  expect(endpointCall({ name: 'All', method: 'GET', path: '/pets' }, undefined)).toEqual({
    method: 'GET',
    path: '/pets',
    body: null,
  })
})
