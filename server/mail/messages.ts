import { and, asc, eq, gt, lte, sql } from 'drizzle-orm'
import { consolePath } from '#contract/console-paths.ts'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import { type LinkKind, linkKinds, type MessageKind } from '#contract/people.ts'
import type { Db } from '#db/open.ts'
import { messages, users } from '#db/schema.ts'
import type { Logger } from 'pino'
import type { KeptCodes } from '../people/kept-codes.ts'
import type { PeopleSeal } from '../people/seal.ts'
import type { Settings } from '../settings.ts'
import { invitationLetter, linkLetter, noticeLetter } from './letters.ts'
import type { Letter, Mailer } from './mailer.ts'

type Row = typeof messages.$inferSelect

/** What time it is, and something that happens later. */
export interface Clock {
  now(): number
  after(ms: number, run: () => void): () => void
}

interface Parts {
  db: Db
  codes: KeptCodes
  seal: PeopleSeal
  mailer: Mailer | undefined
  settings: Pick<Settings, 'url'>
  log: Logger
  clock?: Clock
}

const ownClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
}

const day = 86_400_000
const firstWaitMs = 5_000
const longestWaitMs = 600_000

/**
 * What is to be said to an address. Asking for a message is one row, whether anybody has the address or not, so that neither
 * the answer nor its time tells; who it is for is looked up when it is sent. A row outlives this process, and a mail server
 * that is away. Without a mail server an operator sees what waits, and passes the link on.
 */
export class Messages {
  readonly #parts: Parts
  #draining: Promise<void> | undefined
  #again = false
  readonly #clock: Clock
  #stopWaiting = () => {}
  #closed = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#clock = parts.clock ?? ownClock
  }

  get mailer(): Mailer | undefined {
    return this.#parts.mailer
  }

  async add(kind: MessageKind, email: string, data: Record<string, string> = {}): Promise<void> {
    // A notice is only worth something when it arrives by itself.
    if (kind === 'notice' && this.mailer === undefined) return
    const now = this.#clock.now()
    await this.#forgetExpired()
    await this.#parts.db.insert(messages).values({
      id: newId('message'),
      kind,
      email: email.trim(),
      data,
      createdAt: now,
      expiresAt: now + day,
      nextAt: now,
    })
    this.drain()
  }

  /** An invitation's link is kept sealed: its code is the runtime's, and cannot be made again. */
  async addInvitation(email: string, link: string, about: { team: string; role: string; by: string }): Promise<void> {
    if (this.mailer !== undefined)
      await this.add('invitation', email, { ...about, link: this.#parts.seal.seal(link, `invitation ${email}`) })
  }

  /** Sends what is due, in the background. */
  drain(): void {
    if (this.mailer === undefined || this.#closed) return
    this.#again = true
    this.#draining ??= this.#run().finally(() => {
      this.#draining = undefined
    })
  }

  /** Resolves when nothing is being sent. */
  async settled(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining
  }

  /** What an operator may have to pass on: all that waits without a mail server, else what the server did not take. */
  async waiting() {
    const { db, mailer } = this.#parts
    const rows = await db
      .select({ message: messages, userId: users.id })
      .from(messages)
      .leftJoin(users, sql`lower(${users.email}) = lower(${messages.email})`)
      .where(gt(messages.expiresAt, this.#clock.now()))
      .orderBy(asc(messages.createdAt))
      .limit(200)
    return rows
      .filter(
        ({ message, userId }) =>
          isLink(message.kind) &&
          (mailer === undefined || message.attempts > 0) &&
          (userId !== null) === needsAccount(message.kind),
      )
      .map(({ message: { id, kind, email, createdAt, expiresAt, error } }) => ({
        id,
        kind,
        email,
        createdAt,
        expiresAt,
        error,
      }))
  }

  /** With a new code. @throws PlatformError `not_found` when it is gone, or nobody has the address */
  async show(id: string): Promise<{ kind: MessageKind; email: string; link: string }> {
    const [row] = await this.#parts.db
      .select()
      .from(messages)
      .where(and(eq(messages.id, id), gt(messages.expiresAt, this.#clock.now())))
    const made = row && isLink(row.kind) ? await this.#linkOf(row.kind, row) : undefined
    if (row === undefined || made === undefined)
      throw new PlatformError('not_found', 'this message is no longer pending')
    return { kind: made.kind, email: made.to, link: made.url }
  }

  async dismiss(id: string): Promise<void> {
    await this.#parts.db.delete(messages).where(eq(messages.id, id))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#stopWaiting()
    await this.#draining
    this.mailer?.close()
  }

  async #run(): Promise<void> {
    try {
      await this.#forgetExpired()
      while (this.#again && !this.#closed) {
        this.#again = false
        const due = await this.#parts.db
          .select()
          .from(messages)
          .where(and(lte(messages.nextAt, this.#clock.now()), gt(messages.expiresAt, this.#clock.now())))
          .orderBy(asc(messages.nextAt))
          .limit(20)
        for (const row of due) if (!this.#closed) await this.#send(row)
        if (due.length === 20) this.#again = true
      }
      await this.#wakeForNext()
    } catch (error) {
      this.#parts.log.error({ err: error }, 'messages could not be sent')
      this.#wakeIn(firstWaitMs)
    }
  }

  async #send(row: Row): Promise<void> {
    const { db, log } = this.#parts
    try {
      const letter = await this.#letterOf(row)
      if (letter !== undefined) await this.mailer?.send(letter)
      await db.delete(messages).where(eq(messages.id, row.id))
    } catch (error) {
      const attempts = row.attempts + 1
      log.warn(
        { code: (error as { code?: string }).code, kind: row.kind, attempts },
        'the mail server rejected a message',
      )
      await db
        .update(messages)
        .set({
          attempts,
          nextAt: this.#clock.now() + Math.min(firstWaitMs * 2 ** row.attempts, longestWaitMs),
          error: reasonOf(error),
        })
        .where(eq(messages.id, row.id))
    }
  }

  async #wakeForNext(): Promise<void> {
    const [next] = await this.#parts.db
      .select({ at: messages.nextAt })
      .from(messages)
      .where(gt(messages.expiresAt, this.#clock.now()))
      .orderBy(asc(messages.nextAt))
      .limit(1)
    if (next !== undefined) this.#wakeIn(Math.max(50, next.at - this.#clock.now()))
  }

  #wakeIn(ms: number): void {
    this.#stopWaiting()
    if (!this.#closed) this.#stopWaiting = this.#clock.after(ms, () => this.drain())
  }

  async #forgetExpired(): Promise<void> {
    await this.#parts.db.delete(messages).where(lte(messages.expiresAt, this.#clock.now()))
  }

  /** Undefined when there is nobody to tell. */
  async #letterOf(row: Row): Promise<Letter | undefined> {
    const platform = this.#parts.settings.url
    const about = { to: row.email, platform, url: '', data: row.data }
    if (row.kind === 'invitation')
      return invitationLetter({ ...about, url: this.#parts.seal.open(row.data.link ?? '', `invitation ${row.email}`) })
    if (row.kind === 'notice') return noticeLetter(about)
    if (row.kind === 'sign-up' && (await this.#person(row.email)) !== undefined)
      return noticeLetter({ ...about, data: { what: 'account exists' } })
    const made = await this.#linkOf(row.kind, row)
    return made && linkLetter(made.kind, { ...about, to: made.to, url: made.url })
  }

  /** With a new code, which stands behind the `#`: it reaches no log of a proxy's, and no page that is linked to. */
  async #linkOf(
    kind: LinkKind,
    { email, data }: Row,
  ): Promise<{ kind: LinkKind; to: string; url: string } | undefined> {
    const { codes, settings } = this.#parts
    const person = await this.#person(email)
    if ((person !== undefined) !== needsAccount(kind)) return undefined
    // A link that signs in proves who reads the address, not whose account it is that nobody has confirmed yet.
    const real = kind === 'link' && person?.emailVerifiedAt === null ? 'reset' : kind
    // To the account's own address: one that only looks the same to a database is somebody else's.
    const to = person?.email ?? email
    const code = await codes.make(real, { userId: person?.id ?? data.userId ?? null, email: to, data })
    return { kind: real, to, url: `${settings.url}${consolePath.byMessage()}#${code}` }
  }

  async #person(email: string) {
    const [row] = await this.#parts.db
      .select({ id: users.id, email: users.email, emailVerifiedAt: users.emailVerifiedAt })
      .from(users)
      .where(sql`lower(${users.email}) = ${email.trim().toLowerCase()}`)
    return row
  }
}

const isLink = (kind: MessageKind): kind is LinkKind => linkKinds.some((each) => each === kind)
/** One that asks to become somebody's address, or somebody, is for an address that nobody has. */
const needsAccount = (kind: MessageKind): boolean => kind !== 'sign-up' && kind !== 'email'

/** The server's own words, without anything that we said to it. */
function reasonOf(error: unknown): string {
  const { code, responseCode } = error as { code?: string; responseCode?: number }
  return [code ?? 'failed', responseCode].filter((part) => part !== undefined).join(' ')
}
