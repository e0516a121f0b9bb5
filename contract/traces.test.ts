import { expect, test } from 'vitest'
import { type Hop, nested, whyThere } from './traces.ts'

const named = (name: string) => ({ id: name, name })
const hop = (span: string, parent: string | null, more: Partial<Hop> = {}): Hop => ({
  span,
  parent,
  team: named('demo'),
  service: named(span),
  caller: 'person',
  method: 'POST',
  path: '/',
  environment: named('alice'),
  choice: 'carried',
  servedBy: named('production'),
  revision: 'abc1234',
  status: 200,
  refusal: null,
  at: 0,
  ms: 1,
  ...more,
})

test('calls stand under the one that made them, those without a known caller at the left', () => {
  const order = nested([hop('a', null), hop('b', 'a'), hop('e', 'unknown'), hop('c', 'b'), hop('d', 'a')])
  expect(order.map(({ hop: { span }, depth }) => `${'-'.repeat(depth)}${span}`)).toEqual(['a', '-b', '--c', '-d', 'e'])
})

test('a hop says in which environment it ran, why, and whose copy answered', () => {
  expect(whyThere(hop('a', null))).toBe('alice: same as the call before it; inherited from production')
  expect(whyThere(hop('a', null, { choice: 'header', servedBy: named('alice') }))).toBe(
    'alice: chosen by its M3O-Environment header; its own revision',
  )
  expect(whyThere(hop('a', null, { servedBy: null }))).toContain('no response')
  expect(whyThere(hop('a', null, { servedBy: null, status: 410, refusal: 'alice was deleted' }))).toBe(
    'alice: same as the call before it; refused: alice was deleted',
  )
})
