import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { sinksOf } from './sink.ts'

test('sends without an ack add no listener each, and all end with their socket', async () => {
  const events = new EventEmitter()
  const socket = { disconnected: false, once: events.once.bind(events), emit: () => true }
  const sinks = sinksOf(socket)
  const sends = Array.from({ length: 50 }, (_, n) => sinks(`${n}`).items([n]))
  expect(events.listenerCount('disconnect')).toBe(1)
  events.emit('disconnect')
  const outcomes = await Promise.allSettled(sends)
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
})
