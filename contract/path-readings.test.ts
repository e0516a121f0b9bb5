import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstSegments, standingOf, surelyLacks } from './path-readings.ts'

const own = new Set(['_m3o'])

const hex = (letter: string) => letter.charCodeAt(0).toString(16).padStart(2, '0')
const encodings: readonly ((letter: string) => string)[] = [
  (letter) => letter,
  (letter) => letter.toUpperCase(),
  (letter) => `%${hex(letter)}`,
  (letter) => `%${hex(letter).toUpperCase()}`,
  (letter) => `%25${hex(letter)}`,
  (letter) => `%2525${hex(letter)}`,
  (letter) => `%u00${hex(letter)}`,
  (letter) =>
    `%${(0xc0 | (letter.charCodeAt(0) >> 6)).toString(16)}%${(0x80 | (letter.charCodeAt(0) & 0x3f)).toString(16)}`,
  (letter) => encodeURIComponent(String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)),
  (letter) => `${letter}%00`.replace(/%00$/, '%09'),
]
const name = fc
  .tuple(...[...'_m3o'].map((letter) => fc.constantFrom(...encodings).map((encode) => encode(letter))))
  .map((letters) => letters.join(''))
const slash = fc.constantFrom(
  '/',
  '//',
  '/./',
  '/;/',
  '/;a=b/',
  '\\',
  '/%2e/',
  '%2f',
  '%5c',
  '%252f',
  '%c0%af',
  '/x/../',
  '/x/..;a/',
  '/x/%2e%2e/',
  '/x/y/../../',
  '/../',
  '/..;/',
  '/%09/',
)
const after = fc.constantFrom(
  '',
  '/',
  '/describe',
  ';a/describe',
  '%2fdescribe',
  '\\describe',
  '%00',
  '%00.png',
  ';',
  '?x',
  '#x',
  '/x/..',
)
const disguise = fc
  .tuple(slash, name, after)
  .map(([before, between, end]) => `${before.startsWith('/') ? '' : '/'}${before}${between}${end}`)

test('no disguise of a path of the platform is taken for a path of a service', () => {
  fc.assert(
    fc.property(disguise, (path) => standingOf(path, own) !== 'elsewhere' && !surelyLacks(path, '_m3o')),
    { numRuns: 3000 },
  )
})

test('only the plain spelling, with nothing that leads out of it, is the path itself', () => {
  for (const path of [
    '/_m3o',
    '/_m3o/',
    '/_m3o/describe',
    '/_m3o/handover?code=a%2fb&to=%2F..',
    '/_m3o/a;b',
    '/_m3o/%20',
  ])
    expect(standingOf(path, own), path).toBe('own')
  for (const path of [
    '/_M3O',
    '/_m3o/..',
    '/_m3o%2fx',
    '//_m3o',
    '/_m3o;a',
    '/_m3o/../x',
    '/_m3o\0',
    '/\t_m3o',
    '/_m3o#x',
  ])
    expect(standingOf(path, own), path).toBe('disguised')
})

test('paths of services are theirs, however unusual', () => {
  const segment = fc.constantFrom(
    'a',
    'x_m3o',
    '_m3ox',
    'm3o',
    '%2e',
    '..',
    '.',
    '',
    ';a=b',
    'a;b',
    '%00',
    '\\',
    '%c0%af',
    '%25',
    '%',
    '%zz',
    '%u12',
    '~',
    '@a',
    'é',
    '_',
  )
  fc.assert(
    fc.property(
      fc.array(segment, { maxLength: 6 }),
      fc.constantFrom('', '?_m3o', '?/_m3o/', '?%5fm3o'),
      (segments, query) => standingOf(`/${segments.join('/')}${query}`, own) === 'elsewhere',
    ),
    { numRuns: 2000 },
  )
  expect(standingOf('/files/a%2f..%2f_m3o', own)).toBe('elsewhere')
  expect(standingOf('/a/_m3o', own)).toBe('elsewhere')
})

test('a long path is read in no time', () => {
  for (const part of ['%25', '/..', ';/', '%2f', '\\', '%c0%af', '/a', '%u00']) {
    const began = performance.now()
    firstSegments(`/${part.repeat(Math.floor(16_000 / part.length))}_m3o`)
    expect(performance.now() - began, part).toBeLessThan(500)
  }
})
