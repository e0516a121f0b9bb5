import { cpus } from 'node:os'
import { afterEach, expect, test, vi } from 'vitest'
import { onArrival } from './turns.ts'

afterEach(() => vi.useRealTimers())

const places = 2 * cpus().length
const never = new AbortController().signal

test('so many arrivals are worked on at once; one that comes slowly keeps the others waiting for 5 s', async () => {
  vi.useFakeTimers()
  const ends = Array.from({ length: places + 2 }, () => Promise.withResolvers<void>())
  let begun = 0
  const arrivals = ends.map(({ promise }) =>
    onArrival('t_1', never, async () => {
      begun += 1
      await promise
    }),
  )
  await vi.advanceTimersByTimeAsync(0)
  expect(begun).toBe(places)
  ends[0]?.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(begun).toBe(places + 1)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(begun).toBe(places + 2)
  for (const { resolve } of ends) resolve()
  await Promise.all(arrivals)
})

test('who leaves while waiting is not worked for, and another gets the turn', async () => {
  const held = Promise.withResolvers<void>()
  const under = Array.from({ length: places }, () => onArrival('t_2', never, () => held.promise))
  const leaving = new AbortController()
  const work = vi.fn(async () => {})
  const gone = onArrival('t_2', leaving.signal, work)
  const next = onArrival('t_2', never, async () => 'done')
  leaving.abort()
  await expect(gone).rejects.toMatchObject({ code: 'cancelled' })
  held.resolve()
  expect(await next).toBe('done')
  await Promise.all(under)
  expect(work).not.toHaveBeenCalled()
})
