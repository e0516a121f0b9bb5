import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

test('the first piece is done at once, and each that waits in a turn of its own, in order', async () => {
  const turns = new Turns()
  const done: number[] = []
  for (const piece of [1, 2, 3]) turns.take(() => done.push(piece))
  const seen = [[...done]]
  for (let turn = 0; turn < 3; turn++) {
    await new Promise(setImmediate)
    seen.push([...done])
  }
  expect(seen).toEqual([[1], [1, 2], [1, 2, 3], [1, 2, 3]])
  turns.take(() => done.push(4))
  expect(done).toEqual([1, 2, 3, 4])
})
