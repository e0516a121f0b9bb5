import { eq } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { type LinkKind, linkKinds } from '#contract/people.ts'
import type { Person } from '#contract/records.ts'
import type { Db } from '#db/open.ts'
import { linkedAccounts, passkeys, recoveryCodes, totps, users } from '#db/schema.ts'
import { actingAs, note, noted, ofPerson } from './changes.ts'
import { newPassword } from './inputs.ts'
import type { KeptCode, KeptCodes } from './kept-codes.ts'
import { hashPassword } from './passwords.ts'
import { isEmail, type People } from './people.ts'
import type { SignUps } from './sign-ups.ts'

interface Parts { db: Db; codes: KeptCodes; people: People; signUps: SignUps }

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
   * Sets a new password. What was set up before anybody had proved that the address is theirs goes: it may be somebody else's
   * who had got the account in their name.
   */
  async reset(code: string, password: string, from: string): Promise<Person> {
    const { db, codes } = this.#parts
    const next = newPassword(password)
    // Hashed first: what takes long must not hold the transaction, and a password that is refused must not use the code up.
    const passwordHash = await hashPassword(next)
    return db.transaction(async (tx) => {
      const taken = await codes.take('reset', code, tx)
      const [row] = taken?.userId == null ? [] : await tx.select().from(users).where(eq(users.id, taken.userId)).for('update')
      if (row === undefined || !isSame(row.email, taken?.email)) throw gone()
      await tx.update(users).set({ passwordHash, emailVerifiedAt: row.emailVerifiedAt ?? Date.now() }).where(eq(users.id, row.id))
      if (row.emailVerifiedAt === null) for (const table of [linkedAccounts, passkeys, totps, recoveryCodes]) await tx.delete(table).where(eq(table.userId, row.id))
      await codes.forget(row.id, ['reset', 'link', 'second'], tx)
      const person = { id: row.id, name: row.name, email: row.email }
      await note(tx, actingAs(person, from), { action: 'person.password.reset', target: ofPerson(person), after: { factorsRemoved: row.emailVerifiedAt === null } })
      return person
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

  /** Confirms the address that the account has, or makes the one that was written to its address. Gives both. */
  async confirmAddress(code: string, from: string): Promise<{ person: Person; before: string }> {
    const { db, codes } = this.#parts
    const found = await codes.read(['verify', 'email'], code)
    if (found === undefined) throw gone()
    return db.transaction(async (tx) => {
      const taken: KeptCode | undefined = await codes.take(found.kind, code, tx)
      const [row] = taken?.userId == null ? [] : await tx.select().from(users).where(eq(users.id, taken.userId)).for('update')
      if (row === undefined || taken?.email == null || (found.kind === 'verify' && !isSame(row.email, taken.email))) throw gone()
      const [other] = await tx.select({ id: users.id }).from(users).where(isEmail(taken.email))
      if (other !== undefined && other.id !== row.id) throw new PlatformError('name_taken', `${taken.email} has an account already`)
      await tx.update(users).set({ email: taken.email, emailVerifiedAt: Date.now() }).where(eq(users.id, row.id))
      // What was sent to the former address is not theirs any more.
      if (found.kind === 'email') await codes.forget(row.id, ['reset', 'link', 'verify', 'email'], tx)
      const person = { id: row.id, name: row.name, email: taken.email }
      await note(tx, actingAs(person, from), found.kind === 'verify'
        ? { action: 'person.email.verify', target: ofPerson(person) }
        : { action: 'person.email', target: ofPerson(person), before: { email: row.email }, after: { email: person.email } })
      return { person, before: row.email }
    })
  }

  /** As an operator passes a link on: whose it is, is in the audit. */
  async noteShown(operator: Person, message: { kind: string; email: string }, from: string): Promise<void> {
    await noted(this.#parts.db, actingAs(operator, from), { action: 'person.link.show', target: ofPerson(message), after: { kind: message.kind } }, async () => {})
  }
}

const isSame = (one: string, other: string | null | undefined): boolean => one.toLowerCase() === other?.toLowerCase()
const gone = () => new PlatformError('not_found', 'this link was used, or has expired', { fix: 'Ask for a new one.' })
