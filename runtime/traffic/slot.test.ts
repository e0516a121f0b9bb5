import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addTo, decodeSlots, emptySlot, encodeSlots, quantile, type Slot } from './slot.ts'

const whole = fc.oneof(fc.nat(300), fc.nat({ max: 2 ** 40 }))
const slot: fc.Arbitrary<Slot> = fc.record({
  requests: whole,
  errors: whole,
  limited: whole,
  totalMs: whole,
  busyMs: whole,
  latency: fc.array(whole, { minLength: 14, maxLength: 14 }),
})

test('slots come out of their bytes as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(119), slot), { maxLength: 20 }), (entries) => {
      const slots = new Map(entries)
      expect(decodeSlots(encodeSlots(slots))).toEqual(new Map([...slots].sort(([one], [other]) => one - other)))
    }),
  )
})

test('a slot of few calls takes a dozen bytes, and what is no slots is refused', () => {
  const one = { ...emptySlot(), requests: 3, totalMs: 14, busyMs: 15, latency: emptySlot().latency.with(2, 3) }
  expect(encodeSlots(new Map([[7, one]])).length).toBeLessThanOrEqual(12)
  for (const bytes of [[], [2], [1, 5], [1, 255, 255]])
    expect(() => decodeSlots(Uint8Array.from(bytes))).toThrow(RangeError)
})

test('a share of the answers lies between the bounds of its bucket', () => {
  const of = (...counts: number[]) => ({ latency: emptySlot().latency.map((_, index) => counts[index] ?? 0) })
  expect(quantile(of(), 0.5)).toBeNull()
  expect(quantile(of(0, 0, 100), 0.5)).toBeCloseTo(3.5)
  expect(quantile(of(90, 10), 0.99)).toBeCloseTo(1.9)
  expect(quantile({ latency: emptySlot().latency.with(13, 1) }, 0.5)).toBe(10_000)
  expect(quantile({ ...of(0, 0, 0, 1), totalMs: 6.2 }, 0.5)).toBe(6.2)
  expect(quantile({ ...of(0, 0, 0, 1), totalMs: 6.2 }, 0.99)).toBe(6.2)
  expect(quantile({ ...of(0, 0, 0, 2), totalMs: 11 }, 0.99)).toBeLessThanOrEqual(6)
  const sum = addTo(addTo(emptySlot(), { ...emptySlot(), ...of(1), totalMs: 1 }), {
    ...emptySlot(),
    ...of(0, 0, 1),
    totalMs: 4,
  })
  expect(quantile(sum, 0.5)).toBeCloseTo(1)
})
