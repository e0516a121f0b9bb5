import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Presence } from '#contract/live.ts'
import { PresenceRooms } from './presence.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const seat = (person: string, tell: (all: Presence[]) => void = () => {}) => ({
  presence: { socket: 's', person: { id: person } as Presence['person'], path: null, editing: false },
  tell,
})

test('a room tells of its changes at most five times a second, and of the latest state only', () => {
  const rooms = new PresenceRooms()
  const told: Presence[][] = []
  rooms.join(
    'r',
    'a',
    seat('u_1', (all) => told.push(all)),
  )
  for (let n = 0; n < 100; n++) rooms.say('r', 'a', { path: `f${n}`, editing: true })
  vi.advanceTimersByTime(1_000)
  expect(told.length).toBeLessThanOrEqual(6)
  expect(told.at(-1)?.[0]?.path).toBe('f99')
})

test('joining costs each seat of the room no list of its own', () => {
  const rooms = new PresenceRooms()
  let lists = 0
  for (let n = 0; n < 200; n++)
    rooms.join(
      'r',
      `${n}`,
      seat(`u_${n}`, () => {
        lists += 1
      }),
    )
  expect(lists).toBeLessThanOrEqual(200)
})

test('one person has eight seats in a room, and a room shows sixty-four', () => {
  const rooms = new PresenceRooms()
  for (let n = 0; n < 8; n++) rooms.join('r', `own${n}`, seat('u_me'))
  expect(() => rooms.join('r', 'own8', seat('u_me'))).toThrow('at most 8')
  rooms.leave('r', 'own0')
  rooms.join('r', 'own8', seat('u_me'))
  let last: Presence[] = []
  for (let n = 0; n < 100; n++)
    rooms.join(
      'r',
      `${n}`,
      seat(`u_${n}`, (all) => {
        last = all
      }),
    )
  vi.advanceTimersByTime(1_000)
  expect(last).toHaveLength(64)
})
