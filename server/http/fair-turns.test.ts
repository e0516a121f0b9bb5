import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isPlatformError } from '#contract/errors.ts'
import { FairTurns } from './fair-turns.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

class Answer extends EventEmitter {
  closed = false
  send() {
    this.closed = true
    this.emit('close')
  }
}

/** What has begun, in the order of beginning; those that had gone are noted with a minus. */
function asking(turns: FairTurns, count: number) {
  const begun: string[] = []
  const answers = Array.from({ length: count }, () => new Answer())
  for (const [n, answer] of answers.entries())
    void turns.take('one', answer).then((mayBegin) => begun.push(mayBegin ? String(n) : `-${n}`))
  return { begun, answers, settle: () => vi.advanceTimersByTimeAsync(0) }
}

test('no more than so many at once, in the order of asking', async () => {
  const { begun, answers, settle } = asking(new FairTurns({ atOnce: 2 }), 5)
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
  const { begun, answers, settle } = asking(new FairTurns({ atOnce: 1 }), 3)
  answers[1]?.send()
  await settle()
  expect(begun).toEqual(['0', '-1'])
  answers[0]?.send()
  await settle()
  expect(begun).toEqual(['0', '-1', '2'])
})

test('who reads slowly keeps a place for two seconds, and gives it back once', async () => {
  const { begun, answers, settle } = asking(new FairTurns({ atOnce: 1, holdMs: 2_000 }), 4)
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

/** One request of a key, which notes its name when it begins. */
function ask(turns: FairTurns, begun: string[], name: string, cost = 1): Answer {
  const answer = new Answer()
  void turns.take(name.replace(/\d+$/, ''), answer, cost).then(
    (mayBegin) => begun.push(mayBegin ? name : `-${name}`),
    (error: unknown) => begun.push(isPlatformError(error) ? error.code : String(error)),
  )
  return answer
}

test('a flood of one person delays another by no more than one request', async () => {
  const turns = new FairTurns({ atOnce: 1 })
  const begun: string[] = []
  const flood = Array.from({ length: 1_000 }, (_, n) => ask(turns, begun, `flood${n}`))
  const others = ['ann0', 'ann1', 'bob0'].map((name) => ask(turns, begun, name))
  const all = new Map([
    ...flood.map((answer, n) => [`flood${n}`, answer] as const),
    ['ann0', others[0]],
    ['ann1', others[1]],
    ['bob0', others[2]],
  ])
  for (let n = 0; n < 8; n++) {
    await vi.advanceTimersByTimeAsync(0)
    all.get(begun.at(-1) ?? '')?.send()
  }
  await vi.advanceTimersByTimeAsync(0)
  expect(begun.slice(0, 8)).toEqual(['flood0', 'flood1', 'ann0', 'bob0', 'flood2', 'ann1', 'flood3', 'flood4'])
})

test('one key never has all places, and costs count', async () => {
  const turns = new FairTurns({ atOnce: 10, ofOne: 6 })
  const begun: string[] = []
  const batch = ask(turns, begun, 'flood0', 20)
  ask(turns, begun, 'flood1')
  ask(turns, begun, 'ann0', 4)
  await vi.advanceTimersByTimeAsync(0)
  expect(begun).toEqual(['flood0', 'ann0'])
  batch.send()
  await vi.advanceTimersByTimeAsync(0)
  expect(begun).toEqual(['flood0', 'ann0', 'flood1'])
})

test('a large request is not overtaken for ever by small ones of others', async () => {
  const turns = new FairTurns({ atOnce: 4 })
  const begun: string[] = []
  const first = ['ann0', 'bob0', 'cleo0'].map((name) => ask(turns, begun, name))
  ask(turns, begun, 'dan0', 4)
  ask(turns, begun, 'eve0')
  await vi.advanceTimersByTimeAsync(0)
  expect(begun).toEqual(['ann0', 'bob0', 'cleo0'])
  for (const one of first) one.send()
  await vi.advanceTimersByTimeAsync(0)
  expect(begun).toEqual(['ann0', 'bob0', 'cleo0', 'dan0'])
})

test('what waits of one key is limited, and others still wait in line', async () => {
  const turns = new FairTurns({ atOnce: 1, mostWaiting: 3 })
  const begun: string[] = []
  for (let n = 0; n < 6; n++) ask(turns, begun, `flood${n}`)
  ask(turns, begun, 'ann0')
  await vi.advanceTimersByTimeAsync(0)
  expect(begun.sort()).toEqual(['flood0', 'rate_limited', 'rate_limited'])
})
