import { expect, test } from 'vitest'
import { together } from './together.ts'

/** A computation that ends when it is told to; it gives how many were begun before. */
function slow() {
  const ends: (() => void)[] = []
  let begun = 0
  const ask = together(async (key) => {
    const number = begun++
    await new Promise<void>((resolve) => ends.push(resolve))
    if (key === 'fails') throw new Error('no')
    return number
  })
  return {
    ask,
    end: async () => {
      ends.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    },
    begun: () => begun,
  }
}

test('who asks while one is under way shares one that begins afterwards', async () => {
  const { ask, end, begun } = slow()
  const [first, second, third] = [ask('a'), ask('a'), ask('a')]
  expect(begun()).toBe(1)
  await end()
  expect(await first).toBe(0)
  expect(begun()).toBe(2)
  // While the second is under way, another asks: the third.
  const fourth = ask('a')
  await end()
  expect([await second, await third]).toEqual([1, 1])
  await end()
  expect(await fourth).toBe(2)
  expect(begun()).toBe(3)
})

test('nothing is kept once it is known, and other things do not wait', async () => {
  const { ask, end, begun } = slow()
  const one = ask('a')
  const other = ask('b')
  expect(begun()).toBe(2)
  await end()
  await end()
  expect([await one, await other]).toEqual([0, 1])
  const again = ask('a')
  await end()
  expect(await again).toBe(2)
})

test('one that fails takes only those with it who asked for it', async () => {
  const { ask, end } = slow()
  const first = ask('fails')
  const second = ask('fails')
  first.catch(() => {})
  second.catch(() => {})
  await end()
  await expect(first).rejects.toThrow('no')
  await end()
  await expect(second).rejects.toThrow('no')
})
