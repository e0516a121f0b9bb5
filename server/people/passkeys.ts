import { and, eq } from 'drizzle-orm'
import { isIP } from 'node:net'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { PlatformError } from '#contract/errors.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Person } from '#contract/records.ts'
import type { Db } from '#db/open.ts'
import { passkeys } from '#db/schema.ts'
import type { Settings } from '../settings.ts'
import { note, noted, ofPerson } from './changes.ts'
import type { KeptCodes } from './kept-codes.ts'
import type { SecondFactor } from './second-factor.ts'

/** What a challenge was made for; an answer to another is none. */
type Purpose = 'add' | 'sign in' | 'second' | 'confirm'

interface Parts {
  db: Db
  codes: KeptCodes
  factor: SecondFactor
  settings: Pick<Settings, 'url' | 'port' | 'proxied'>
}

/** Passkeys (WebAuthn level 3): a way to sign in by itself, when it asked for the person's finger or PIN, and a second factor. */
export class Passkeys {
  readonly #parts: Parts
  /** The host names that a browser may have us by, with the origin of each; a number is no name for it. */
  readonly #hosts: ReadonlyMap<string, string>

  constructor(parts: Parts) {
    this.#parts = parts
    const { url, port, proxied } = parts.settings
    const own = new URL(url)
    this.#hosts = new Map([
      ...(proxied ? [] : ([['localhost', `http://localhost:${port}`]] as const)),
      ...(isIP(own.hostname.replace(/^\[|\]$/g, '')) === 0 ? ([[own.hostname, own.origin]] as const) : []),
    ])
  }

  list(userId: string) {
    return this.#parts.db
      .select({ id: passkeys.id, name: passkeys.name, createdAt: passkeys.createdAt, usedAt: passkeys.usedAt })
      .from(passkeys)
      .where(eq(passkeys.userId, userId))
      .orderBy(passkeys.createdAt)
  }

  /** What the browser needs to make one. @param host where its page is */
  async beginAdd(person: Person, host: string) {
    const { generateRegistrationOptions } = await import('@simplewebauthn/server')
    const own = await this.#parts.db.select().from(passkeys).where(eq(passkeys.userId, person.id))
    const options = await generateRegistrationOptions({
      rpName: 'M3O',
      rpID: this.#known(host),
      userName: person.email,
      userDisplayName: person.name,
      userID: new TextEncoder().encode(person.id),
      excludeCredentials: own.map(({ id, transports }) => ({ id, transports })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
    })
    await this.#expect('add', options.challenge, person.id)
    return options
  }

  /** Gives recovery codes when this is the first factor. @throws PlatformError `bad_request` when the answer does not hold */
  async add(
    person: Person,
    given: { name: string; answer: RegistrationResponseJSON },
    actor: Actor,
  ): Promise<{ recoveryCodes: string[] }> {
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
    const { answer, name } = given
    const expectedChallenge = await this.#taken('add', answer.response.clientDataJSON, person.id)
    if (expectedChallenge === undefined) throw wrong()
    const verified = await verifyRegistrationResponse({
      response: answer,
      expectedChallenge,
      expectedOrigin: [...this.#hosts.values()],
      expectedRPID: [...this.#hosts.keys()],
      requireUserVerification: false,
    }).catch((cause: unknown) => {
      throw wrong(cause)
    })
    if (!verified.verified) throw wrong()
    const { credential } = verified.registrationInfo
    return this.#parts.db.transaction(async (tx) => {
      const row = {
        id: credential.id,
        userId: person.id,
        name,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        transports: (credential.transports ?? []).map(String),
        createdAt: Date.now(),
        usedAt: null,
      }
      const added = await tx.insert(passkeys).values(row).onConflictDoNothing().returning({ id: passkeys.id })
      if (added.length === 0)
        throw new PlatformError('conflict', 'this passkey already belongs to an account', { fix: 'Use another one.' })
      await note(tx, actor, {
        action: 'person.factor.add',
        target: ofPerson(person),
        after: { factor: 'passkey', name },
      })
      return { recoveryCodes: await this.#parts.factor.firstCodes(tx, person.id) }
    })
  }

  async remove(person: Person, id: string, actor: Actor): Promise<void> {
    await this.#parts.db.transaction(async (tx) => {
      const [gone] = await tx
        .delete(passkeys)
        .where(and(eq(passkeys.id, id), eq(passkeys.userId, person.id)))
        .returning({ name: passkeys.name })
      if (gone === undefined) throw new PlatformError('not_found', 'this passkey does not exist')
      await note(tx, actor, {
        action: 'person.factor.remove',
        target: ofPerson(person),
        before: { factor: 'passkey', name: gone.name },
      })
      await this.#parts.factor.forgetUnneeded(tx, person.id)
    })
  }

  /** What the browser needs to ask for one: any of this platform's, or one of a person's. */
  async begin(purpose: Exclude<Purpose, 'add'>, host: string, userId?: string) {
    const { generateAuthenticationOptions } = await import('@simplewebauthn/server')
    const own =
      userId === undefined ? [] : await this.#parts.db.select().from(passkeys).where(eq(passkeys.userId, userId))
    const options = await generateAuthenticationOptions({
      rpID: this.#known(host),
      userVerification: userId === undefined ? 'required' : 'preferred',
      ...(userId !== undefined && { allowCredentials: own.map(({ id, transports }) => ({ id, transports })) }),
    })
    await this.#expect(purpose, options.challenge, userId)
    return options
  }

  /**
   * Whose it is. By itself it must have asked for the finger or the PIN: then it is two factors in one.
   * @throws PlatformError `unauthenticated`
   */
  async check(
    purpose: Exclude<Purpose, 'add'>,
    answer: AuthenticationResponseJSON,
    userId?: string,
  ): Promise<{ userId: string }> {
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
    const expectedChallenge = await this.#taken(purpose, answer.response.clientDataJSON, userId)
    const [row] = await this.#parts.db.select().from(passkeys).where(eq(passkeys.id, answer.id))
    if (row === undefined || expectedChallenge === undefined || (userId !== undefined && row.userId !== userId))
      throw refused()
    const outcome = await verifyAuthenticationResponse({
      response: answer,
      expectedChallenge,
      expectedOrigin: [...this.#hosts.values()],
      expectedRPID: [...this.#hosts.keys()],
      requireUserVerification: userId === undefined,
      credential: {
        id: row.id,
        publicKey: new Uint8Array(Buffer.from(row.publicKey, 'base64url')),
        counter: row.counter,
      },
    }).catch((cause: unknown) => {
      throw refused(cause)
    })
    if (!outcome.verified) throw refused()
    await this.#parts.db
      .update(passkeys)
      .set({ counter: outcome.authenticationInfo.newCounter, usedAt: Date.now() })
      .where(eq(passkeys.id, row.id))
    return { userId: row.userId }
  }

  async rename(person: Person, given: { id: string; name: string }, actor: Actor): Promise<void> {
    await noted(
      this.#parts.db,
      actor,
      { action: 'person.factor.rename', target: ofPerson(person), after: { factor: 'passkey', name: given.name } },
      async (tx) => {
        const named = await tx
          .update(passkeys)
          .set({ name: given.name })
          .where(and(eq(passkeys.id, given.id), eq(passkeys.userId, person.id)))
          .returning({ id: passkeys.id })
        if (named.length === 0) throw new PlatformError('not_found', 'this passkey does not exist')
      },
    )
  }

  #known(host: string): string {
    if (this.#hosts.has(host)) return host
    const [origin] = this.#hosts.values()
    throw new PlatformError(
      'bad_request',
      'a passkey belongs to a host name, and this page was opened by another address',
      {
        fix:
          origin === undefined
            ? 'An operator sets the host name of the platform with M3O_URL.'
            : `Open the console at ${origin}.`,
      },
    )
  }

  async #expect(purpose: Purpose, challenge: string, userId: string | undefined): Promise<void> {
    await this.#parts.codes.make('challenge', { userId: userId ?? null, data: { for: purpose } }, challenge)
  }

  /** The challenge that is answered, which is used up by it; undefined when it is none that was made for this. */
  async #taken(purpose: Purpose, clientData: string, userId: string | undefined): Promise<string | undefined> {
    const challenge = challengeOf(clientData)
    const kept = challenge === undefined ? undefined : await this.#parts.codes.take('challenge', challenge)
    return kept?.data.for === purpose && kept.userId === (userId ?? null) ? challenge : undefined
  }
}

function challengeOf(clientData: string): string | undefined {
  try {
    const { challenge } = JSON.parse(Buffer.from(clientData, 'base64url').toString()) as { challenge?: unknown }
    return typeof challenge === 'string' ? challenge : undefined
  } catch {
    return undefined
  }
}

const wrong = (cause?: unknown) =>
  new PlatformError('bad_request', 'the passkey could not be added', { fix: 'Try again.' }, { cause })
const refused = (cause?: unknown) =>
  new PlatformError(
    'unauthenticated',
    'this passkey is unknown here',
    { fix: 'Try again, or sign in another way.' },
    { cause },
  )
