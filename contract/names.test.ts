import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  environmentName,
  hostLabel,
  parseHostLabel,
  reservedNames,
  serviceName,
  suggestName,
  teamName,
} from './names.ts'

const word = (max: number) =>
  fc.stringMatching(/^[a-z](-?[a-z0-9]){0,12}$/).filter((name) => name.length <= max && !reservedNames.has(name))

test('every place has a label of its own that leads back to it and fits in DNS', () => {
  const place = fc.record({ service: word(24), environment: word(16), team: word(19) })
  fc.assert(
    fc.property(place, (at) => {
      const label = hostLabel(at)
      expect(label.length).toBeLessThanOrEqual(63)
      expect(parseHostLabel(label)).toEqual(at)
    }),
  )
})

test('odd names are refused', () => {
  for (const odd of [
    '',
    'A',
    '1a',
    '-a',
    'a-',
    'a--b',
    'a_b',
    'a.b',
    'a/b',
    '..',
    'é',
    'a b',
    'a\n',
    'xn',
    'v1',
    'x'.repeat(25),
    '$(id)',
    '\u0000',
  ]) {
    expect(serviceName.safeParse(odd).success, JSON.stringify(odd)).toBe(false)
  }
})

test('a suggestion is a valid name or none', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const [kind, schema] of [
        ['service', serviceName],
        ['environment', environmentName],
        ['team', teamName],
      ] as const) {
        const name = suggestName(text, kind)
        expect(name === undefined || schema.safeParse(name).success).toBe(true)
      }
    }),
  )
  expect(suggestName('Order Mail!', 'service')).toBe('order-mail')
})
