import pino from 'pino'
import { expect, test } from 'vitest'
import { openDb } from '#db/open.ts'
import { messages as rows } from '#db/schema.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import { KeptCodes } from '../people/kept-codes.ts'
import { peopleSeal } from '../people/seal.ts'
import type { Mailer } from './mailer.ts'
import { type Clock, Messages } from './messages.ts'

const hour = 3_600_000

/** Time passes only from one wake to the next. */
class Wakes implements Clock {
  #now = Date.now()
  #next: { at: number; run: () => void } | undefined
  count = 0

  now = () => this.#now

  after(ms: number, run: () => void) {
    const next = { at: this.#now + ms, run }
    this.#next = next
    return () => {
      if (this.#next === next) this.#next = undefined
    }
  }

  /** False when nothing is to happen any more. */
  wake(): boolean {
    const next = this.#next
    if (next === undefined) return false
    this.#next = undefined
    this.#now = next.at
    this.count++
    next.run()
    return true
  }
}

test('a mail server that is away for more than a day is asked ever more seldom, and not at all once nothing waits', async () => {
  await using temporary = await temporaryDatabase()
  await using database = openDb(temporary.options, 2)
  const clock = new Wakes()
  let asked = 0
  const mailer: Mailer = {
    host: 'mail.example',
    from: 'm3o@example.com',
    close: () => {},
    send: () => {
      asked++
      return Promise.reject(new Error('away'))
    },
  }
  const { db } = database
  const messages = new Messages({
    db,
    codes: new KeptCodes(db),
    seal: peopleSeal('secret'),
    mailer,
    settings: { url: 'https://console.example' },
    log: pino({ level: 'silent' }),
    clock,
  })
  const began = clock.now()
  await messages.add('sign-up', 'ann@example.com')
  await messages.settled()
  while (clock.count < 400 && clock.wake()) await messages.settled()
  expect(clock.now() - began).toBeGreaterThan(23 * hour)
  expect(clock.count).toBeLessThan(200)
  expect(asked).toBeGreaterThan(100)
  expect(await db.select().from(rows)).toEqual([])
  // The next one is sent as ever.
  await messages.add('sign-up', 'bob@example.com')
  await messages.settled()
  expect(clock.wake()).toBe(true)
  await messages.settled()
  await messages.close()
})
