import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogEntry, LogGap, LogRecord } from '#contract/logs.ts'
import { LineWindow } from './line-window.ts'

const line = (service: string, seq: number, at: number): LogRecord => ({
  seq,
  time: new Date(at).toISOString(),
  service,
  environment: 'production',
  revision: null,
  instance: null,
  stream: 'stdout',
  level: 'info',
  text: `${service} ${seq}`,
})
const gap = (service: string, after: number, at: number): LogGap => ({
  gap: 7,
  why: 'too fast',
  service,
  environment: 'production',
  after,
  time: new Date(at).toISOString(),
})
const ids = (held: LineWindow) => held.rows.map(({ id }) => id.replace('/production', ''))

test('merges the lines of several services by time, those of one in their order', () => {
  const held = new LineWindow()
  held.append([line('a', 1, 10), line('b', 1, 30)])
  held.append([line('a', 2, 20), line('a', 3, 30), line('b', 2, 30)])
  expect(ids(held)).toEqual(['a:1', 'a:2', 'b:1', 'a:3', 'b:2'])
})

test('takes nothing twice, whichever way it comes again', () => {
  const held = new LineWindow()
  const all = [line('a', 4, 40), gap('a', 4, 45), line('a', 12, 50), line('b', 1, 60)]
  expect(held.append(all)).toBe(4)
  expect(held.append(all)).toBe(0)
  expect(held.prepend([line('a', 3, 30), ...all.slice(0, 2)])).toBe(1)
  expect(ids(held)).toEqual(['a:3', 'a:4', 'a/production~4~7~too fast'.replace('/production', ''), 'a:12', 'b:1'])
})

test('tells where to read on at both ends, gaps included', () => {
  const held = new LineWindow()
  held.append([gap('a', 4, 10), line('a', 12, 20), line('b', 3, 30)])
  expect(held.ends('first')).toEqual({ 'a/production': 5, 'b/production': 3 })
  held.append([gap('b', 3, 40)])
  expect(held.ends('last')).toEqual({ 'a/production': 12, 'b/production': 3 })
})

test('what was dropped at the new end can be read again, what was dropped at the old end does not come back as new', () => {
  const held = new LineWindow()
  const all = Array.from({ length: 10 }, (_, index) => line('a', index + 1, index))
  held.append(all)
  held.dropLast(3)
  expect(held.append(all.slice(5))).toBe(3)
  held.dropFirst(4)
  expect(held.append(all.slice(0, 6))).toBe(0)
  expect(held.prepend(all.slice(0, 6))).toBe(4)
  expect(ids(held)).toEqual(all.map(({ seq }) => `a:${seq}`))
})

test('a lost connection is marked where it was lost, also when a line from before comes after', () => {
  const held = new LineWindow()
  held.append([line('a', 1, 10), line('b', 1, 20)])
  held.breakOff(1_000)
  held.breakOff(1_001)
  held.append([line('a', 2, 30), line('c', 1, 15)])
  held.comeBack(2_000)
  expect(ids(held)).toEqual(['a:1', 'c:1', 'b:1', 'break:1', 'a:2'])
  expect(held.rows[3]).toMatchObject({ from: 1_000, to: 2_000 })
})

test('however a history is cut into pages and batches, the window holds each line once and in order', () => {
  const histories = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(5)), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(
      histories,
      fc.nat(60),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (steps, middle, cuts) => {
        const seqs: Record<string, number> = {}
        let at = 0
        const all = steps.map(([service, wait]) =>
          line(service, (seqs[service] = (seqs[service] ?? 0) + 1), (at += wait)),
        )
        const held = new LineWindow()
        const from = Math.min(middle, all.length)
        const batches = (entries: LogEntry[]) => {
          const parts: LogEntry[][] = []
          for (let index = 0, cut = 0; index < entries.length; cut++) {
            const size = cuts[cut % cuts.length] as number
            // Each overlaps with the one before it, as after an interruption.
            parts.push(entries.slice(Math.max(0, index - 2), index + size))
            index += size
          }
          return parts
        }
        for (const part of batches(all.slice(from))) held.append(part)
        for (const part of batches(all.slice(0, from)).reverse()) held.prepend(part)
        expect(ids(held)).toEqual(all.map(({ service, seq }) => `${service}:${seq}`))
      },
    ),
  )
})
