import { expect, test } from 'vitest'
import { gathered } from './gathered.ts'

/** A subscriber that takes a batch when it is told to. */
function subscriber() {
  const batches: unknown[][] = []
  let next = Promise.withResolvers<void>()
  return {
    batches,
    items(items: unknown[]) {
      batches.push(items)
      return next.promise
    },
    take() {
      const { resolve } = next
      next = Promise.withResolvers()
      resolve()
    },
    leave() {
      next.reject(new Error('gone'))
    },
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('what comes while a batch is under way goes with the next, in its order', async () => {
  const reader = subscriber()
  const pass = gathered(reader)
  await pass([1])
  await pass([2])
  await pass([3, 4])
  expect(reader.batches).toEqual([[1]])
  reader.take()
  await settled()
  expect(reader.batches).toEqual([[1], [2, 3, 4]])
  reader.take()
  await settled()
  await pass([5])
  expect(reader.batches.at(-1)).toEqual([5])
})

test('a batch of nothing is not sent, and what comes after it is', async () => {
  const reader = subscriber()
  const pass = gathered(reader)
  await pass([])
  await pass([1])
  expect(reader.batches).toEqual([[1]])
  await pass([])
  reader.take()
  await settled()
  expect(reader.batches).toEqual([[1]])
})

test('the source waits when too much does', async () => {
  const reader = subscriber()
  const pass = gathered(reader)
  await pass([0])
  let isThrough = false
  const stopped = pass(Array.from({ length: 2_000 }, (_, index) => index)).then(() => {
    isThrough = true
  })
  await settled()
  expect(isThrough).toBe(false)
  reader.take()
  await settled()
  reader.take()
  await stopped
})

test('a subscriber that is gone ends the source', async () => {
  const reader = subscriber()
  const pass = gathered(reader)
  await pass([1])
  reader.leave()
  await settled()
  await expect(pass([2])).rejects.toThrow('gone')
})

test('a few long items hold the source back as many short ones do', async () => {
  const taken = Promise.withResolvers<void>()
  const pass = gathered({ items: () => taken.promise })
  await pass(['x'])
  let isThrough = false
  const passed = pass([{ text: 'x'.repeat(2 << 20) }]).then(() => {
    isThrough = true
  })
  for (let n = 0; n < 10; n++) await Promise.resolve()
  expect(isThrough).toBe(false)
  taken.resolve()
  await passed
})
