import { eq } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { type LinkKind, linkKinds } from '#contract/people.ts'
import type { Person } from '#contract/records.ts'
import type { Db, Transaction } from '#db/open.ts'
import { users } from '#db/schema.ts'
import { actingAs, note, noted, ofPerson } from './changes.ts'
import type { Claims } from './claim.ts'
import { newPassword } from './inputs.ts'
import type { KeptCode, KeptCodes } from './kept-codes.ts'
import { hashPassword } from './passwords.ts'
import { isEmail, type People, personOf } from './people.ts'
import type { SignUps } from './sign-ups.ts'

interface Parts {
  db: Db
  codes: KeptCodes
  people: People
  signUps: SignUps
  claims: Claims
}

/** What somebody may do who opened the link of a message, and so reads what is sent to its address. */
export class ByMessage {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** @throws PlatformError `not_found` for a code that was used, or has expired */
  async read(code: string): Promise<{ kind: LinkKind; email: string }> {
    const found = await this.#parts.codes.read(linkKinds, code)
    if (found === undefined) throw gone()
    return { kind: found.kind as LinkKind, email: found.email ?? '' }
  }

  /** A person who signs in by a link: as good as their password, no more. @throws PlatformError `not_found` */
  async signIn(code: string): Promise<Person> {
    const { codes, people } = this.#parts
    const taken = await codes.take('link', code)
    const person = taken?.userId == null ? undefined : await people.byId(taken.userId)
    if (person === undefined || !isSame(person.email, taken?.email)) throw gone()
    return person
  }

  /**
   * Sets a new password. An account whose address nobody had confirmed may have been somebody else's: it is claimed, so that
   * nothing of theirs stays. @throws PlatformError `not_found`, `unavailable`
   */
  async reset(code: string, password: string, from: string): Promise<{ person: Person; claimed: boolean }> {
    const { db, codes, claims } = this.#parts
    const next = newPassword(password)
    // Hashed first: what takes long must not hold the transaction, and a password that is refused must not use the code up.
    const passwordHash = await hashPassword(next)
    const take = async (tx: Transaction): Promise<typeof users.$inferSelect> => {
      const taken = await codes.take('reset', code, tx)
      const [row] =
        taken?.userId == null ? [] : await tx.select().from(users).where(eq(users.id, taken.userId)).for('update')
      if (row === undefined || !isSame(row.email, taken?.email)) throw gone()
      await tx.update(users).set({ passwordHash }).where(eq(users.id, row.id))
      return row
    }
    const found = await codes.read(['reset'], code)
    const [before] = found?.userId == null ? [] : await db.select().from(users).where(eq(users.id, found.userId))
    if (before === undefined || !isSame(before.email, found?.email)) throw gone()
    if (before.emailVerifiedAt === null) {
      return {
        person: await claims.take(personOf(before), { by: 'a link to the address', from, replace: take }),
        claimed: true,
      }
    }
    return db.transaction(async (tx) => {
      const row = await take(tx)
      await codes.forget(row.id, ['reset', 'link', 'second'], tx)
      const person = personOf(row)
      await note(tx, actingAs(person, from), { action: 'person.password.reset', target: ofPerson(person) })
      return { person, claimed: false }
    })
  }

  /** @throws PlatformError `not_found`, `forbidden` (sign-up was closed meanwhile), `name_taken` */
  async signUp(code: string, given: { name: string; password: string }): Promise<Person> {
    const { codes, people, signUps } = this.#parts
    const password = newPassword(given.password)
    await signUps.requireOpen()
    const taken = await codes.take('sign-up', code)
    if (taken?.email == null) throw gone()
    return people.create({ email: taken.email, name: given.name, password, operator: false, emailVerified: true })
  }

  /**
   * Confirms the address that the account has, or makes the one that was written to its address. Only by its own person, signed in:
   * whoever reads the mail of an address may know nothing of an account that somebody else made with it. Gives both addresses.
   * @throws PlatformError `not_found`, `forbidden`, `name_taken`
   */
  async confirmAddress(
    code: string,
    by: Person | undefined,
    from: string,
  ): Promise<{ person: Person; before: string }> {
    const { db, codes } = this.#parts
    const found = await codes.read(['verify', 'email'], code)
    if (found === undefined) throw gone()
    if (by === undefined || by.id !== found.userId) throw notSignedIn(by)
    return db.transaction(async (tx) => {
      const taken: KeptCode | undefined = await codes.take(found.kind, code, tx)
      const [row] =
        taken?.userId == null ? [] : await tx.select().from(users).where(eq(users.id, taken.userId)).for('update')
      if (row === undefined || taken?.email == null || (found.kind === 'verify' && !isSame(row.email, taken.email)))
        throw gone()
      const [other] = await tx.select({ id: users.id }).from(users).where(isEmail(taken.email))
      if (other !== undefined && other.id !== row.id)
        throw new PlatformError('name_taken', `${taken.email} already has an account`)
      await tx.update(users).set({ email: taken.email, emailVerifiedAt: Date.now() }).where(eq(users.id, row.id))
      // What was sent to the former address is not theirs any more.
      if (found.kind === 'email') await codes.forget(row.id, ['reset', 'link', 'verify', 'email'], tx)
      const person = { id: row.id, name: row.name, email: taken.email }
      await note(
        tx,
        actingAs(personOf(row), from),
        found.kind === 'verify'
          ? { action: 'person.email.verify', target: ofPerson(person) }
          : {
              action: 'person.email',
              target: ofPerson(person),
              before: { email: row.email },
              after: { email: person.email },
            },
      )
      return { person, before: row.email }
    })
  }

  /** As an operator passes a link on: whose it is, is in the audit. */
  async noteShown(operator: Person, message: { kind: string; email: string }, from: string): Promise<void> {
    await noted(
      this.#parts.db,
      actingAs(operator, from),
      { action: 'person.link.show', target: ofPerson(message), after: { kind: message.kind } },
      async () => {},
    )
  }
}

const isSame = (one: string, other: string | null | undefined): boolean => one.toLowerCase() === other?.toLowerCase()
const gone = () =>
  new PlatformError('not_found', 'this link was already used or has expired', { fix: 'Request a new one.' })
const notSignedIn = (by: Person | undefined) =>
  new PlatformError(
    'forbidden',
    by === undefined ? 'this link is for an account that you are not signed in to' : `this link is not for ${by.email}`,
    {
      fix: 'Sign in to that account in this browser, then open the link again. If you did not create that account, choose “Forgot the password?” on the sign-in page: the account becomes yours.',
    },
  )
