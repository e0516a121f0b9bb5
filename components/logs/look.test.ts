import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logLevels, logStreams } from '#contract/log-words.ts'
import { logFilter, type LogMatch } from '#contract/logs.ts'
import { fieldCondition, formatCondition, parseCondition } from './condition.ts'
import { filterOf, formatLook, type Look, parseLook, plainLook } from './look.ts'

const read = (query: string, service?: string) => parseLook(new URLSearchParams(query), service)

test('the plain look has no query', () => {
  expect(formatLook(plainLook)).toBe('')
  expect(read('')).toEqual(plainLook)
})

test('conditions are written as they are typed', () => {
  expect(parseCondition('-/5\\d\\d/')).toEqual({ regex: '5\\d\\d', not: true })
  expect(parseCondition('=GET')).toEqual({ text: 'GET', case: true })
  expect(parseCondition('\\-x')).toEqual({ text: '-x' })
  expect(parseCondition('/')).toEqual({ text: '/' })
  expect(parseCondition('-')).toBeUndefined()
  expect(parseCondition('  ')).toBeUndefined()
})

const text = fc
  .string({ minLength: 1, maxLength: 40 })
  .filter((value) => value.trim() !== '' && !/[\n\r\0]/.test(value))
const condition = fc
  .tuple(text, fc.constantFrom('text', 'exact', 'regex'), fc.boolean())
  .map(([value, kind, not]): LogMatch => ({
    ...(kind === 'regex' ? { regex: value } : { text: value }),
    ...(kind === 'exact' && { case: true }),
    ...(not && { not }),
  }))

test('every condition comes back from its address as it was', () => {
  fc.assert(
    fc.property(condition, (match) => {
      expect(parseCondition(formatCondition(match))).toEqual(match)
    }),
  )
})

test('every look comes back from its address as it was, and is a filter that the platform takes', () => {
  const some = <T>(values: readonly T[]) => fc.subarray([...values])
  const look = fc.record({
    services: fc.subarray(['hello', 'a-b']),
    match: fc.array(condition, { maxLength: 9 }),
    typed: fc.constantFrom('', 'abc', '-x'),
    levels: some(logLevels),
    streams: some(logStreams),
    instances: some(['i_1', 'i_2']),
    revisions: some(['abc123']),
    trace: fc.constantFrom('', 'abc'),
    range: fc.constantFrom(null, '15m', '24h'),
    from: fc.constantFrom(null, 1_700_000_000_123),
    until: fc.constantFrom(null, 1_800_000_000_000),
    at: fc.constantFrom(
      null,
      { service: 'hello', environment: undefined, seq: 17 },
      { service: 'hello', environment: 'alice', seq: 1 },
    ),
    wrap: fc.boolean(),
    times: fc.boolean(),
    dense: fc.boolean(),
  }) as fc.Arbitrary<Look>
  fc.assert(
    fc.property(look, (one) => {
      expect(read(formatLook(one))).toEqual(one)
      expect(logFilter.safeParse(filterOf(one, Date.now())).success).toBe(true)
    }),
  )
})

test('a hostile address gives the plain look', () => {
  expect(read('at=../../x:1&range=constructor&level=nope,__proto__&from=soon&stream=%00&q=&seq=-1', 'hello')).toEqual(
    plainLook,
  )
  expect(read('seq=12', 'hello').at).toEqual({ service: 'hello', environment: undefined, seq: 12 })
})

test('a field’s value is looked for as it stands in the stored JSON', () => {
  const stored = JSON.stringify({ err: { code: 'E"1', attempts: 3 } })
  expect(stored).toContain(fieldCondition('code', 'E"1').text)
  expect(stored).toContain(fieldCondition('attempts', 3).text)
})
