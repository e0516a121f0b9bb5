import { EventEmitter } from 'node:events'
import { and, desc, eq, gt, isNull, ne } from 'drizzle-orm'
import type { Db } from '#db/open.ts'
import { sessions, users } from '#db/schema.ts'
import { newId } from '#contract/ids.ts'
import type { Person } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { actingAs, note, ofPerson } from './changes.ts'
import { personOf } from './people.ts'

export const sessionDays = 30
const day = 86_400_000
const noteSeenMs = 60_000

export interface OpenSession {
  id: string
  person: Person
  operator: boolean
  expiresAt: number
}

/** Sign-ins of browsers. A row is the session: it ends for every tab and socket when the row says so. */
export class Sessions {
  readonly #db: Db
  readonly #ended = new EventEmitter<{ ended: [sessionId: string] }>()

  constructor(db: Db) {
    this.#db = db
    this.#ended.setMaxListeners(0)
  }

  async begin(userId: string, from: { userAgent: string; address: string; method?: string }): Promise<string> {
    const id = newId('session')
    const now = Date.now()
    const method = from.method ?? 'password'
    await this.#db.transaction(async (tx) => {
      await tx.insert(sessions).values({
        id,
        userId,
        createdAt: now,
        seenAt: now,
        confirmedAt: now,
        method,
        expiresAt: now + sessionDays * day,
        userAgent: from.userAgent.slice(0, 300),
        address: from.address,
      })
      const [user] = await tx.select().from(users).where(eq(users.id, userId))
      const person = user && personOf(user)
      if (person !== undefined)
        await note(
          tx,
          { ...actingAs(person, from.address), sessionId: id },
          { action: 'person.signIn', target: ofPerson(person), after: { method } },
        )
    })
    return id
  }

  /** Undefined once it has ended or expired, or its person is gone. */
  async open(id: string): Promise<OpenSession | undefined> {
    const now = Date.now()
    const [row] = await this.#db
      .select({ session: sessions, user: users })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(and(eq(sessions.id, id), isNull(sessions.endedAt), gt(sessions.expiresAt, now)))
    if (row === undefined) return undefined
    const { session, user } = row
    if (now - session.seenAt > noteSeenMs)
      await this.#db.update(sessions).set({ seenAt: now }).where(eq(sessions.id, id))
    return { id, person: personOf(user), operator: user.operator, expiresAt: session.expiresAt }
  }

  async list(userId: string) {
    return this.#db
      .select({
        id: sessions.id,
        createdAt: sessions.createdAt,
        method: sessions.method,
        seenAt: sessions.seenAt,
        userAgent: sessions.userAgent,
        address: sessions.address,
      })
      .from(sessions)
      .where(and(eq(sessions.userId, userId), isNull(sessions.endedAt), gt(sessions.expiresAt, Date.now())))
      .orderBy(desc(sessions.seenAt))
  }

  /** The person proved just now that they are there. */
  async confirm(id: string): Promise<void> {
    await this.#db.update(sessions).set({ confirmedAt: Date.now() }).where(eq(sessions.id, id))
  }

  async confirmedAt(id: string): Promise<number> {
    const [row] = await this.#db.select({ at: sessions.confirmedAt }).from(sessions).where(eq(sessions.id, id))
    return row?.at ?? 0
  }

  /** One of the person's. Tells whether it was still open. */
  async end(person: Pick<Person, 'id' | 'email'>, id: string, actor: Actor): Promise<boolean> {
    return (await this.#endWhere(and(eq(sessions.userId, person.id), eq(sessions.id, id)), person, actor)) > 0
  }

  /** All of the person's but one. Tells how many. */
  async endOthers(person: Pick<Person, 'id' | 'email'>, keep: string | undefined, actor: Actor): Promise<number> {
    return this.#endWhere(
      and(eq(sessions.userId, person.id), keep === undefined ? undefined : ne(sessions.id, keep)),
      person,
      actor,
    )
  }

  onEnded(listener: (sessionId: string) => void): () => void {
    this.#ended.on('ended', listener)
    return () => this.#ended.off('ended', listener)
  }

  async #endWhere(which: ReturnType<typeof and>, person: Pick<Person, 'email'>, actor: Actor): Promise<number> {
    const ended = await this.#db.transaction(async (tx) => {
      const rows = await tx
        .update(sessions)
        .set({ endedAt: Date.now() })
        .where(and(which, isNull(sessions.endedAt)))
        .returning({ id: sessions.id })
      if (rows.length > 0)
        await note(tx, actor, {
          action: 'session.end',
          target: ofPerson(person),
          before: { sessions: rows.map(({ id }) => id) },
        })
      return rows
    })
    for (const { id } of ended) this.#ended.emit('ended', id)
    return ended.length
  }
}
