import { expect, test } from 'vitest'
import { Answering } from './answering.ts'

const own = { ofOther: false, environmentId: 'own', hops: 0, traceparent: 'own' }
const other = { ofOther: true, environmentId: 'other', hops: 0, traceparent: 'other' }

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

test('what says nothing of its hops has those of the deepest call that is being answered', () => {
  const answering = new Answering()
  expect(answering.deepest).toBe(0)
  const [two, seven] = [
    { ...own, hops: 2 },
    { ...own, hops: 7 },
  ]
  answering.begin(two)
  answering.begin(seven)
  expect(answering.deepest).toBe(7)
  answering.end(seven)
  expect(answering.deepest).toBe(2)
  answering.end(two)
  expect(answering.deepest).toBe(0)
})

test('a call for one that was answered is late while calls of other environments are being answered', () => {
  const answering = new Answering()
  const second = { ...other, traceparent: 'second' }
  answering.begin(other)
  expect(answering.isLate('other')).toBe(false)
  answering.end(other)
  expect(answering.isLate('other')).toBe(false)
  answering.begin(second)
  expect(answering.isLate('other')).toBe(false)
  answering.begin(own)
  expect(answering.isLate('other')).toBe(true)
  expect(answering.isLate('second')).toBe(false)
  answering.end(own)
  expect(answering.isLate('other')).toBe(false)
  expect(answering.isLate('own')).toBe(true)
  expect(answering.isLate('unknown')).toBe(false)
})
