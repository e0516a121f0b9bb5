import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PageTurns } from './page-turns.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

class Answer extends EventEmitter {
  closed = false
  send() {
    this.closed = true
    this.emit('close')
  }
}

/** What has begun, in the order of beginning; those that had gone are noted with a minus. */
function asking(turns: PageTurns, count: number) {
  const begun: string[] = []
  const answers = Array.from({ length: count }, () => new Answer())
  for (const [n, answer] of answers.entries()) void turns.take(answer).then((mayBegin) => begun.push(mayBegin ? String(n) : `-${n}`))
  return { begun, answers, settle: () => vi.advanceTimersByTimeAsync(0) }
}

test('no more than so many at once, in the order of asking', async () => {
  const { begun, answers, settle } = asking(new PageTurns({ atOnce: 2 }), 5)
  await settle()
  expect(begun).toEqual(['0', '1'])
  answers[1]?.send()
  await settle()
  expect(begun).toEqual(['0', '1', '2'])
  answers[0]?.send()
  answers[2]?.send()
  await settle()
  expect(begun).toEqual(['0', '1', '2', '3', '4'])
})

test('who has gone meanwhile is passed over, and keeps nobody waiting', async () => {
  const { begun, answers, settle } = asking(new PageTurns({ atOnce: 1 }), 3)
  answers[1]?.send()
  await settle()
  expect(begun).toEqual(['0', '-1'])
  answers[0]?.send()
  await settle()
  expect(begun).toEqual(['0', '-1', '2'])
})

test('who reads slowly keeps a place for two seconds, and gives it back once', async () => {
  const { begun, answers, settle } = asking(new PageTurns({ atOnce: 1, holdMs: 2_000 }), 4)
  await vi.advanceTimersByTimeAsync(1_999)
  expect(begun).toEqual(['0'])
  await vi.advanceTimersByTimeAsync(1)
  expect(begun).toEqual(['0', '1'])
  answers[0]?.send()
  await settle()
  expect(begun).toEqual(['0', '1'])
  answers[1]?.send()
  await settle()
  expect(begun).toEqual(['0', '1', '2'])
})
