import { createHash, randomBytes } from 'node:crypto'
import { and, count, eq, isNotNull, isNull, lt } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Person } from '#contract/records.ts'
import type { Db, Transaction } from '#db/open.ts'
import { passkeys, recoveryCodes, totps } from '#db/schema.ts'
import { note, noted, ofPerson } from './changes.ts'
import type { RateLimit } from './rate-limit.ts'
import type { PeopleSeal } from './seal.ts'
import { newTotpSecret, totpAddress, totpStep } from './totp.ts'

export interface Factors {
  totp: boolean
  passkeys: number
  recoveryCodes: number
}

const recoveryCount = 10

/**
 * What is asked for after a password, or a link: a code of an authenticator app, a passkey (people/passkeys.ts), or, when
 * both are lost, one of the codes that were given with the first of them.
 */
export class SecondFactor {
  readonly #db: Db
  readonly #seal: PeopleSeal
  readonly #limit: RateLimit
  readonly #issuer: string

  constructor(db: Db, options: { seal: PeopleSeal; limit: RateLimit; issuer: string }) {
    this.#db = db
    this.#seal = options.seal
    this.#limit = options.limit
    this.#issuer = options.issuer
  }

  async of(userId: string, db: Db | Transaction = this.#db): Promise<Factors> {
    const [[totp], [keys], [codes]] = await Promise.all([
      db
        .select({ n: count() })
        .from(totps)
        .where(and(eq(totps.userId, userId), isNotNull(totps.confirmedAt))),
      db.select({ n: count() }).from(passkeys).where(eq(passkeys.userId, userId)),
      db.select({ n: count() }).from(recoveryCodes).where(eq(recoveryCodes.userId, userId)),
    ])
    return { totp: (totp?.n ?? 0) > 0, passkeys: keys?.n ?? 0, recoveryCodes: codes?.n ?? 0 }
  }

  async isNeeded(userId: string): Promise<boolean> {
    const { totp, passkeys: keys } = await this.of(userId)
    return totp || keys > 0
  }

  /**
   * A code of the app, or a recovery code, which is used up. Slow to guess, whoever asks.
   * @throws PlatformError `rate_limited`, `unauthenticated`
   */
  async check(person: Person, given: string, actor: Actor): Promise<'code' | 'recovery code'> {
    this.#limit.use(`second ${person.id}`)
    const by = (await this.#takeTotp(person.id, given.replace(/\s/g, '')))
      ? ('code' as const)
      : (await this.#takeRecovery(person, given, actor))
        ? ('recovery code' as const)
        : undefined
    if (by === undefined)
      throw new PlatformError('unauthenticated', 'this code is wrong or was already used', {
        field: 'code',
        fix: 'Wait for the next code in your app, or use a recovery code.',
      })
    this.#limit.giveBack(`second ${person.id}`)
    return by
  }

  /** A new secret that counts once a first code of it was right. @throws PlatformError `not_in_this_state` when there is an app already */
  async beginTotp(person: Person): Promise<{ secret: string; address: string }> {
    const secret = newTotpSecret()
    const row = {
      userId: person.id,
      secret: this.#seal.seal(secret, person.id),
      confirmedAt: null,
      lastStep: 0,
      createdAt: Date.now(),
    }
    const [kept] = await this.#db
      .insert(totps)
      .values(row)
      .onConflictDoUpdate({ target: totps.userId, set: row, setWhere: isNull(totps.confirmedAt) })
      .returning({ id: totps.userId })
    if (kept === undefined)
      throw new PlatformError('not_in_this_state', 'an authenticator app is already set up', {
        fix: 'Remove it first.',
      })
    return { secret, address: totpAddress(secret, { email: person.email, issuer: this.#issuer }) }
  }

  /** Gives recovery codes when this is the first factor. @throws PlatformError `bad_request` for a wrong code */
  async confirmTotp(person: Person, code: string, actor: Actor): Promise<{ recoveryCodes: string[] }> {
    this.#limit.use(`first code ${person.id}`)
    return this.#db.transaction(async (tx) => {
      const [row] = await tx.select().from(totps).where(eq(totps.userId, person.id)).for('update')
      if (row === undefined || row.confirmedAt !== null)
        throw new PlatformError('not_in_this_state', 'no authenticator app is being set up', { fix: 'Start again.' })
      const step = totpStep(this.#seal.open(row.secret, person.id), code.replace(/\s/g, ''))
      if (step === undefined)
        throw new PlatformError('bad_request', 'this is not the current code of the app', {
          field: 'code',
          fix: 'Check the clock of your phone, and try the next code.',
        })
      await tx.update(totps).set({ confirmedAt: Date.now(), lastStep: step }).where(eq(totps.userId, person.id))
      await note(tx, actor, {
        action: 'person.factor.add',
        target: ofPerson(person),
        after: { factor: 'authenticator app' },
      })
      this.#limit.giveBack(`first code ${person.id}`)
      return { recoveryCodes: await this.firstCodes(tx, person.id) }
    })
  }

  async removeTotp(person: Person, actor: Actor): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const gone = await tx
        .delete(totps)
        .where(and(eq(totps.userId, person.id), isNotNull(totps.confirmedAt)))
        .returning({ id: totps.userId })
      if (gone.length === 0) throw new PlatformError('not_in_this_state', 'no authenticator app is set up')
      await note(tx, actor, {
        action: 'person.factor.remove',
        target: ofPerson(person),
        before: { factor: 'authenticator app' },
      })
      await this.forgetUnneeded(tx, person.id)
    })
  }

  /** All of somebody who has lost them, by an operator who knows them. @throws PlatformError `not_in_this_state` when there is none */
  async removeAll(person: Person, actor: Actor): Promise<void> {
    const { totp, passkeys: keys } = await this.of(person.id)
    if (!totp && keys === 0)
      throw new PlatformError('not_in_this_state', `${person.email} has no second factor`, { field: 'email' })
    await noted(
      this.#db,
      actor,
      { action: 'person.factor.remove', target: ofPerson(person), before: { authenticatorApp: totp, passkeys: keys } },
      async (tx) => {
        for (const table of [totps, passkeys, recoveryCodes]) await tx.delete(table).where(eq(table.userId, person.id))
      },
    )
  }

  /** The ones before stop working. */
  async renewRecovery(person: Person, actor: Actor): Promise<string[]> {
    if (!(await this.isNeeded(person.id)))
      throw new PlatformError('not_in_this_state', 'no second factor is set up', {
        fix: 'Set up an authenticator app or a passkey first.',
      })
    return noted(this.#db, actor, { action: 'person.recovery.renew', target: ofPerson(person) }, async (tx) => {
      await tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, person.id))
      return this.firstCodes(tx, person.id)
    })
  }

  /** Of somebody who has none yet; an empty list otherwise. */
  async firstCodes(tx: Transaction, userId: string): Promise<string[]> {
    if ((await this.of(userId, tx)).recoveryCodes > 0) return []
    const made = Array.from({ length: recoveryCount }, newRecoveryCode)
    await tx.insert(recoveryCodes).values(made.map((code) => ({ hash: hashOf(code), userId })))
    return made
  }

  /** Without a factor there is nothing to recover. */
  async forgetUnneeded(tx: Transaction, userId: string): Promise<void> {
    const { totp, passkeys: keys } = await this.of(userId, tx)
    if (!totp && keys === 0) await tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId))
  }

  async #takeTotp(userId: string, code: string): Promise<boolean> {
    const [row] = await this.#db
      .select()
      .from(totps)
      .where(and(eq(totps.userId, userId), isNotNull(totps.confirmedAt)))
    const step = row && totpStep(this.#seal.open(row.secret, userId), code)
    if (step === undefined) return false
    const taken = await this.#db
      .update(totps)
      .set({ lastStep: step })
      .where(and(eq(totps.userId, userId), lt(totps.lastStep, step)))
      .returning({ id: totps.userId })
    return taken.length > 0
  }

  async #takeRecovery(person: Person, given: string, actor: Actor): Promise<boolean> {
    return this.#db.transaction(async (tx) => {
      const taken = await tx
        .delete(recoveryCodes)
        .where(and(eq(recoveryCodes.hash, hashOf(given)), eq(recoveryCodes.userId, person.id)))
        .returning({ id: recoveryCodes.userId })
      if (taken.length > 0) await note(tx, actor, { action: 'person.recovery.use', target: ofPerson(person) })
      return taken.length > 0
    })
  }
}

/**
 * Where only a password can be given. @throws PlatformError `forbidden` with what to do instead
 */
export async function requireNoSecond(
  { factor }: { factor: Pick<SecondFactor, 'isNeeded'> },
  person: Person,
): Promise<void> {
  if (!(await factor.isNeeded(person.id))) return
  throw new PlatformError('forbidden', 'this account requires a second factor', {
    fix: 'Log in with the browser: run `m3o login` in a terminal. Or create a token in the console (Team, Tokens), then run `m3o login --token T`.',
    data: { reason: 'second_factor' },
  })
}

/** 80 random bits, in groups that can be read aloud; a fast hash is enough for them. */
function newRecoveryCode(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  let text = ''
  // 248 is the largest multiple of 31 in a byte: beyond it some letters would be likelier.
  while (text.length < 16)
    for (const byte of randomBytes(16)) if (byte < 248 && text.length < 16) text += letters[byte % 31]
  return text.match(/.{4}/g)?.join('-') ?? text
}

const hashOf = (code: string) =>
  createHash('sha256')
    .update(code.toLowerCase().replace(/[^a-z0-9]/g, ''))
    .digest('hex')
