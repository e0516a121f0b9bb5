import { expect, test } from 'vitest'
import { beyond, egress, narrowed, parseEgress } from './egress.ts'

test('hosts and networks are taken as people write them, and nothing else is', () => {
  expect(parseEgress(['all'])).toEqual({ mode: 'all' })
  expect(parseEgress(['none'])).toEqual({ mode: 'none' })
  expect(parseEgress(['API.example.com, 203.0.113.0/24', '198.51.100.7'])).toEqual({
    mode: 'listed',
    hosts: ['api.example.com', '203.0.113.0/24', '198.51.100.7'],
  })
  for (const bad of [
    '',
    'localhost',
    '300.1.1.1',
    '10.0.0.0/33',
    'a b',
    '$(id)',
    '-x.example.com',
    'http://example.com',
    '*.example.com',
    '::1',
    'a.example.com; drop',
  ]) {
    expect(() => parseEgress([bad]), bad).toThrow()
  }
  expect(
    egress.safeParse({ mode: 'listed', hosts: Array.from({ length: 65 }, (_, at) => `h${at}.example.com`) }).success,
  ).toBe(false)
})

test('a team stays within what the operator allows, whichever came first', () => {
  const most = parseEgress(['api.example.com', '203.0.113.0/24'])
  expect(beyond({ mode: 'all' }, most)).toEqual(['all'])
  expect(beyond({ mode: 'none' }, most)).toEqual([])
  expect(
    beyond(
      parseEgress(['203.0.113.128/25', '203.0.113.9', 'api.example.com', 'example.com', '203.0.112.0/23', '0.0.0.0/0']),
      most,
    ),
  ).toEqual(['example.com', '203.0.112.0/23', '0.0.0.0/0'])
  expect(narrowed({ mode: 'all' }, most)).toEqual(most)
  expect(narrowed(parseEgress(['api.example.com', 'example.com']), most)).toEqual({
    mode: 'listed',
    hosts: ['api.example.com'],
  })
  expect(narrowed(parseEgress(['example.com']), most)).toEqual({ mode: 'none' })
  expect(narrowed({ mode: 'all' }, { mode: 'none' })).toEqual({ mode: 'none' })
})
