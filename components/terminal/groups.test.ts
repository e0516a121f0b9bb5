import { expect, test } from 'vitest'
import { place, reconcile } from './groups.ts'

test('terminals stand as they stood, those that are gone leave, new ones get a tab', () => {
  expect(reconcile([['a', 'b'], ['c']], ['b', 'c', 'd'])).toEqual([['b'], ['c'], ['d']])
  expect(reconcile([], ['a'])).toEqual([['a']])
})

test('one is put beside another, or alone', () => {
  expect(place([['a'], ['b']], 'c', 'a')).toEqual([['a', 'c'], ['b']])
  expect(place([['a', 'c'], ['b']], 'c', 'b')).toEqual([['a'], ['b', 'c']])
  expect(place([['a']], 'b', null)).toEqual([['a'], ['b']])
  expect(place([['a']], 'b', 'gone')).toEqual([['a'], ['b']])
})
