import { expect, test } from 'vitest'
import type { ListedService } from '#contract/records.ts'
import { searchCatalogue } from './catalogue-search.ts'

const none = { q: '', owner: '', language: '', state: '', audience: '' }
const at = (name: string, more: Partial<ListedService> = {}) =>
  ({
    name,
    team: 'demo',
    description: '',
    language: 'node',
    owner: null,
    tags: [],
    audience: { kind: 'team' },
    state: 'live',
    endpoints: [],
    ...more,
  }) as unknown as ListedService

test('finds by all of the words, in any order and in any of a service’s texts', () => {
  const services = [at('billing', { description: 'Invoices by mail' }), at('mail'), at('users')]
  expect(searchCatalogue(services, { ...none, q: 'mail invoices' }).map(({ name }) => name)).toEqual(['billing'])
})

test('puts names that begin with what was typed first', () => {
  const services = [at('audit', { description: 'of users' }), at('power-users'), at('users')]
  expect(searchCatalogue(services, { ...none, q: 'users' }).map(({ name }) => name)).toEqual([
    'users',
    'power-users',
    'audit',
  ])
})

test('finds by tags, and last of all by documents that somebody else has searched', () => {
  const services = [
    at('one', { id: 's1', tags: ['billing'] }),
    at('two', { id: 's2' }),
    at('three', { id: 's3', description: 'zebra' }),
  ] as ListedService[]
  expect(searchCatalogue(services, { ...none, q: 'billing' }).map(({ name }) => name)).toEqual(['one'])
  expect(searchCatalogue(services, { ...none, tag: 'billing' }).map(({ name }) => name)).toEqual(['one'])
  expect(searchCatalogue(services, { ...none, q: 'zebra' }, new Set(['s2'])).map(({ name }) => name)).toEqual([
    'three',
    'two',
  ])
})

test('narrows by each filter and keeps the order when nothing is typed', () => {
  const services = [at('b', { language: 'go' }), at('a', { language: 'go', state: 'failed' }), at('c')]
  expect(searchCatalogue(services, { ...none, language: 'go' }).map(({ name }) => name)).toEqual(['b', 'a'])
  expect(searchCatalogue(services, { ...none, language: 'go', state: 'failed' }).map(({ name }) => name)).toEqual(['a'])
})

test('tells an environment’s own copies from what it inherits, other teams’ services aside', () => {
  const services = [
    at('a', { from: 'alice', environment: 'alice' }),
    at('b', { from: 'production', environment: 'alice' }),
    at('c', { from: null, environment: 'alice' }),
    at('d', { from: 'production', environment: 'production', team: 'others' }),
  ]
  const named = (from: string) => searchCatalogue(services, { ...none, from, team: 'demo' }).map(({ name }) => name)
  expect([named('own'), named('inherited'), named('')]).toEqual([['a'], ['b'], ['a', 'b', 'c', 'd']])
})
