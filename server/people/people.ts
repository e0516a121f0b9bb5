import { and, count, desc, eq, isNull, sql } from 'drizzle-orm'
import type { Db, Transaction } from '#db/open.ts'
import { users } from '#db/schema.ts'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import type { Person } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { actingAs, note, noted, ofPerson } from './changes.ts'
import { hashPassword, passwordMatches } from './passwords.ts'
import type { RateLimit } from './rate-limit.ts'
import { SignInLimit } from './sign-in-limit.ts'

type Row = typeof users.$inferSelect

export interface NewPerson {
  email: string
  name: string
  password: string
  operator: boolean
  /** A message to the address proved that it is theirs, or they have the platform's own set-up link. */
  emailVerified?: boolean
}

/** The people of this installation: who they are and whether a password is theirs. */
export class People {
  readonly #db: Db
  readonly #signIns: RateLimit
  readonly #signInLimit: SignInLimit

  constructor(db: Db, signIns: RateLimit) {
    this.#db = db
    this.#signIns = signIns
    this.#signInLimit = new SignInLimit(signIns)
  }

  async byEmail(email: string): Promise<(Person & { operator: boolean }) | undefined> {
    const [row] = await this.#db.select().from(users).where(isEmail(email))
    return row && { ...personOf(row), operator: row.operator }
  }

  async byId(id: string): Promise<(Person & { operator: boolean }) | undefined> {
    const [row] = await this.#db.select().from(users).where(eq(users.id, id))
    return row && { ...personOf(row), operator: row.operator }
  }

  async count(): Promise<number> {
    const [row] = await this.#db.select({ count: count() }).from(users)
    return row?.count ?? 0
  }

  /** @throws PlatformError `name_taken` when the address has an account */
  async create(given: NewPerson): Promise<Person> {
    return this.#db.transaction((tx) => this.#insert(tx, given))
  }

  /** Only when there is nobody yet, however many try at once. @throws PlatformError `not_in_this_state` */
  async createFirst(given: NewPerson): Promise<Person> {
    return this.#db.transaction(async (tx) => {
      await tx.execute(sql`lock table ${users} in share row exclusive mode`)
      const [row] = await tx.select({ count: count() }).from(users)
      if (row?.count !== 0)
        throw new PlatformError('not_in_this_state', 'this installation is already set up', { fix: 'Sign in.' })
      return this.#insert(tx, given)
    })
  }

  /**
   * Counts attempts by address and by account, whether it exists or not; the answer does not tell which of the two was wrong.
   * @throws PlatformError `rate_limited`, `unauthenticated`
   */
  async signIn(given: { email: string; password: string; from: string }): Promise<Person> {
    const email = given.email.trim()
    this.#signInLimit.attempt(email, given.from)
    const [row] = await this.#db.select().from(users).where(isEmail(email))
    if (!(await passwordMatches(row?.passwordHash ?? null, given.password)) || row === undefined) {
      throw new PlatformError('unauthenticated', 'the email or the password is wrong', {
        fix: 'Check both and try again.',
      })
    }
    // Comparing takes a while: a password that was replaced meanwhile opens no session.
    const [now] = await this.#db.select({ passwordHash: users.passwordHash }).from(users).where(eq(users.id, row.id))
    if (now?.passwordHash !== row.passwordHash)
      throw new PlatformError('unauthenticated', 'the password was changed a moment ago', {
        fix: 'Sign in with the new one.',
      })
    this.#signInLimit.succeeded(email, given.from)
    return personOf(row)
  }

  async rename(person: Person, name: string, actor: Actor): Promise<void> {
    await noted(
      this.#db,
      actor,
      { action: 'person.rename', target: ofPerson(person), before: { name: person.name }, after: { name } },
      (tx) => tx.update(users).set({ name }).where(eq(users.id, person.id)),
    )
  }

  /** @throws PlatformError `bad_request` when `current` is not the password */
  async changePassword(id: string, change: { current: string; next: string }, actor: Actor): Promise<void> {
    if (!(await this.isPassword(id, change.current)))
      throw new PlatformError('bad_request', 'wrong password', { field: 'current' })
    await this.setPassword(id, change.next, actor, 'person.changePassword')
  }

  /** Slow to guess. */
  async isPassword(id: string, given: string): Promise<boolean> {
    this.#signIns.use(`password ${id}`)
    const [row] = await this.#db.select().from(users).where(eq(users.id, id))
    const isIt = await passwordMatches(row?.passwordHash ?? null, given)
    if (isIt) this.#signIns.giveBack(`password ${id}`)
    return isIt
  }

  /** Of somebody who came through a provider, or whose old one was just given. */
  async setPassword(id: string, next: string, actor: Actor, action = 'person.setPassword'): Promise<void> {
    const passwordHash = await hashPassword(next)
    await noted(this.#db, actor, { action, target: ofPerson({ email: actor.name }) }, (tx) =>
      tx.update(users).set({ passwordHash }).where(eq(users.id, id)),
    )
  }

  /** How one may sign in, for oneself to see. */
  async account(id: string): Promise<{ emailVerified: boolean; hasPassword: boolean }> {
    const [row] = await this.#db.select().from(users).where(eq(users.id, id))
    return { emailVerified: row?.emailVerifiedAt != null, hasPassword: row?.passwordHash != null }
  }

  /** Whose address nothing has proved, newest first. */
  async unconfirmed(): Promise<(Person & { createdAt: number })[]> {
    const rows = await this.#db
      .select()
      .from(users)
      .where(isNull(users.emailVerifiedAt))
      .orderBy(desc(users.createdAt))
      .limit(200)
    return rows.map((row) => ({ ...personOf(row), createdAt: row.createdAt }))
  }

  /**
   * Services are told of the address from now on.
   * @param about the address that whoever confirms it has looked at
   * @throws PlatformError `not_found` when the account has another address by now
   */
  async confirm(about: Pick<Person, 'id' | 'email'>, actor: Actor, action = 'person.email.verify'): Promise<void> {
    await noted(this.#db, actor, { action, target: ofPerson(about) }, async (tx) => {
      const confirmed = await tx
        .update(users)
        .set({ emailVerifiedAt: sql`coalesce(${users.emailVerifiedAt}, now())` })
        .where(and(eq(users.id, about.id), eq(users.email, about.email)))
        .returning({ id: users.id })
      if (confirmed.length === 0)
        throw new PlatformError('not_found', `the account with the address ${about.email} no longer exists`)
    })
  }

  async #insert(db: Transaction, given: NewPerson): Promise<Person> {
    const row = {
      id: newId('user'),
      email: given.email.trim(),
      name: given.name.trim(),
      emailVerifiedAt: given.emailVerified ? Date.now() : null,
    }
    const person = personOf(row)
    const passwordHash = await hashPassword(given.password)
    const added = await db
      .insert(users)
      .values({ ...row, passwordHash, operator: given.operator, createdAt: Date.now() })
      .onConflictDoNothing()
      .returning({ id: users.id })
    if (added.length === 0)
      throw new PlatformError('name_taken', `${person.email} already has an account`, {
        field: 'email',
        fix: 'Sign in instead.',
      })
    await note(db, actingAs(person, ''), {
      action: 'person.create',
      target: ofPerson(person),
      after: { name: person.name, operator: given.operator },
    })
    return person
  }
}

export const isEmail = (email: string) => sql`lower(${users.email}) = ${email.trim().toLowerCase()}`
/** With a mark while nothing has proved that the address is theirs. */
export const personOf = ({
  id,
  name,
  email,
  emailVerifiedAt,
}: Pick<Row, 'id' | 'name' | 'email' | 'emailVerifiedAt'>): Person => ({
  id,
  name,
  email,
  ...(emailVerifiedAt === null && { unconfirmed: true as const }),
})
