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
  answering.end(other, 10)
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
  answering.end(other, 0)
  expect(answering.hasLost('s', 3000)).toBe(false)
  answering.begin(other)
  expect(answering.hasLost('s', 3100)).toBe(true)
})
