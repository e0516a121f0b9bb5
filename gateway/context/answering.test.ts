import { expect, test } from 'vitest'
import { Answering } from './answering.ts'

const own = false
const other = true

test('a call without context is lost while a call of another environment is being answered, or just was', () => {
  const answering = new Answering()
  answering.begin(own)
  expect(answering.hasLost('s', 0)).toBe(false)
  answering.begin(other)
  expect(answering.hasLost('s', 0)).toBe(true)
  answering.end(other, 0, 10)
  expect(answering.hasLost('s', 900)).toBe(true)
  expect(answering.hasLost('s', 1100)).toBe(false)
})

test('what an instance also asks for when it has nothing to answer is its habit, and nothing lost', () => {
  const answering = new Answering()
  expect(answering.hasLost('timer', 0)).toBe(false)
  answering.begin(other)
  expect(answering.hasLost('timer', 100)).toBe(false)
  expect(answering.hasLost('another', 100)).toBe(true)
  // Ten minutes later it has given up the habit.
  expect(answering.hasLost('timer', 600_100)).toBe(true)
})

test('work that goes on soon after an answer says nothing of habits', () => {
  const answering = new Answering()
  answering.begin(other)
  answering.end(other, 0, 0)
  expect(answering.hasLost('s', 3000)).toBe(false)
  answering.begin(other)
  expect(answering.hasLost('s', 3100)).toBe(true)
})

test('what says nothing of its hops has those of the deepest call that is being answered', () => {
  const answering = new Answering()
  expect(answering.deepest).toBe(0)
  answering.begin(own, 2)
  answering.begin(own, 7)
  expect(answering.deepest).toBe(7)
  answering.end(own, 7)
  expect(answering.deepest).toBe(2)
  answering.end(own, 2)
  expect(answering.deepest).toBe(0)
})
