import { and, count, eq } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Person } from '#contract/records.ts'
import type { Db } from '#db/open.ts'
import { linkedAccounts, passkeys, users } from '#db/schema.ts'
import { actingAs, noted, note, ofPerson } from './changes.ts'
import { nameFrom, nameOfAddress } from './inputs.ts'
import type { Claims } from './claim.ts'
import { isEmail, personOf } from './people.ts'
import type { SignUps } from './sign-ups.ts'

/** Who somebody is at a provider, as it says. */
export interface Claimed {
  /** The provider's id and issuer. */
  provider: string
  subject: string
  email: string
  emailVerified: boolean
  name: string
}

/**
 * Accounts elsewhere with which people sign in here. An address alone proves nothing: an account here is only taken for a
 * provider's when the provider has proof of the address, or when its person, signed in, asked for the link. When only the provider
 * has proof, the account is claimed: whoever had it before loses it.
 */
export class LinkedAccounts {
  readonly #db: Db
  readonly #signUps: SignUps
  readonly #claims: Claims

  constructor(db: Db, signUps: SignUps, claims: Claims) {
    this.#db = db
    this.#signUps = signUps
    this.#claims = claims
  }

  list(userId: string) {
    return this.#db
      .select({
        provider: linkedAccounts.provider,
        subject: linkedAccounts.subject,
        email: linkedAccounts.email,
        createdAt: linkedAccounts.createdAt,
        usedAt: linkedAccounts.usedAt,
      })
      .from(linkedAccounts)
      .where(eq(linkedAccounts.userId, userId))
      .orderBy(linkedAccounts.createdAt)
  }

  /**
   * Who is to be signed in. `notice` is what its person is to be told of.
   * @throws PlatformError `forbidden` (with `data.reason`) when nobody is
   */
  async signIn(claimed: Claimed, from: string): Promise<{ person: Person; notice: string | undefined }> {
    const [known] = await this.#db
      .update(linkedAccounts)
      .set({ usedAt: Date.now(), email: claimed.email })
      .where(and(eq(linkedAccounts.provider, claimed.provider), eq(linkedAccounts.subject, claimed.subject)))
      .returning({ userId: linkedAccounts.userId })
    const [row] = await this.#db
      .select()
      .from(users)
      .where(known === undefined ? isEmail(claimed.email) : eq(users.id, known.userId))
    if (known !== undefined && row !== undefined) return { person: personOf(row), notice: undefined }
    if (claimed.email === '' || !claimed.emailVerified)
      throw refused('address_not_verified', 'the provider has not verified your address')
    if (row === undefined) return { person: await this.#create(claimed, from), notice: undefined }
    const person = personOf(row)
    if (person.unconfirmed) {
      const { provider, subject, email } = claimed
      const now = Date.now()
      const own = await this.#claims.take(person, {
        by: provider,
        from,
        replace: (tx) =>
          tx.insert(linkedAccounts).values({ provider, subject, userId: row.id, email, createdAt: now, usedAt: now }),
      })
      return { person: own, notice: 'claimed' }
    }
    await this.link(person, claimed, actingAs(person, from))
    return { person, notice: 'linked account' }
  }

  /** @throws PlatformError `conflict` when it is linked to another person */
  async link(person: Person, claimed: Claimed, actor: Actor): Promise<void> {
    const now = Date.now()
    const { provider, subject, email } = claimed
    await noted(
      this.#db,
      actor,
      { action: 'person.link', target: ofPerson(person), after: { provider, email } },
      async (tx) => {
        const added = await tx
          .insert(linkedAccounts)
          .values({ provider, subject, userId: person.id, email, createdAt: now, usedAt: now })
          .onConflictDoNothing()
          .returning({ subject: linkedAccounts.subject })
        if (added.length === 0)
          throw new PlatformError('conflict', 'this account is already linked', {
            data: { reason: 'linked_elsewhere' },
          })
      },
    )
  }

  /** Never the last way in. @throws PlatformError `not_found`, `conflict` */
  async remove(person: Person, which: { provider: string; subject: string }, actor: Actor): Promise<void> {
    await noted(
      this.#db,
      actor,
      { action: 'person.unlink', target: ofPerson(person), before: { provider: which.provider } },
      async (tx) => {
        const [own] = await tx
          .select({ passwordHash: users.passwordHash })
          .from(users)
          .where(eq(users.id, person.id))
          .for('update')
        const gone = await tx
          .delete(linkedAccounts)
          .where(
            and(
              eq(linkedAccounts.userId, person.id),
              eq(linkedAccounts.provider, which.provider),
              eq(linkedAccounts.subject, which.subject),
            ),
          )
          .returning({ subject: linkedAccounts.subject })
        if (gone.length === 0) throw new PlatformError('not_found', 'this account is not linked')
        const [others] = await tx
          .select({ n: count() })
          .from(linkedAccounts)
          .where(eq(linkedAccounts.userId, person.id))
        const [keys] = await tx.select({ n: count() }).from(passkeys).where(eq(passkeys.userId, person.id))
        if (own?.passwordHash == null && others?.n === 0 && keys?.n === 0)
          throw new PlatformError('conflict', 'this is the only way to sign in to your account', {
            fix: 'Set a password first.',
          })
      },
    )
  }

  async #create(claimed: Claimed, from: string): Promise<Person> {
    const { provider, subject, email } = claimed
    if (!(await this.#signUps.mayJoin(email)))
      throw refused('no_sign_up', 'no account has this address, and sign-up is by invitation')
    const now = Date.now()
    const person = { id: newId('user'), email, name: nameFrom(claimed.name) ?? nameOfAddress(email) }
    return this.#db.transaction(async (tx) => {
      const added = await tx
        .insert(users)
        .values({ ...person, emailVerifiedAt: now, passwordHash: null, operator: false, createdAt: now })
        .onConflictDoNothing()
        .returning({ id: users.id })
      if (added.length === 0) throw refused('try_again', 'an account with this address was created at the same moment')
      await tx
        .insert(linkedAccounts)
        .values({ provider, subject, userId: person.id, email, createdAt: now, usedAt: now })
      await note(tx, actingAs(person, from), {
        action: 'person.create',
        target: ofPerson(person),
        after: { name: person.name, provider },
      })
      return person
    })
  }
}

const refused = (reason: string, message: string) => new PlatformError('forbidden', message, { data: { reason } })
