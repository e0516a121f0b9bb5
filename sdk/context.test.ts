import { expect, test } from 'vitest'
import { callAtWork, storage } from './context.ts'

test('work goes on for a call a while after its answer, and then for nobody: a timer that it began is not in its environment for ever', () => {
  const answer = { writableEnded: false, writableFinished: false }
  const state = { headers: {}, signal: new AbortController().signal, answer }
  storage.run(state, () => {
    expect(callAtWork(0)).toBe(state)
    expect(callAtWork(3_600_000)).toBe(state)
    answer.writableEnded = true
    expect(callAtWork(3_700_000)).toBe(state)
    expect(callAtWork(4_299_999)).toBe(state)
    expect(callAtWork(4_300_001)).toBeUndefined()
  })
  expect(callAtWork(0)).toBeUndefined()
})
