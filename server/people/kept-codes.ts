import { createHash, randomBytes } from 'node:crypto'
import { and, eq, gt, lte } from 'drizzle-orm'
import type { CodeKind } from '#contract/people.ts'
import type { Db, Transaction } from '#db/open.ts'
import { codes } from '#db/schema.ts'

export interface KeptCode {
  userId: string | null
  email: string | null
  data: Record<string, string>
}

const minute = 60_000
/** For how long each is worth something. */
export const codeLifeMs: Readonly<Record<CodeKind, number>> = {
  verify: 24 * 60 * minute,
  email: 24 * 60 * minute,
  'sign-up': 24 * 60 * minute,
  reset: 60 * minute,
  link: 15 * minute,
  second: 10 * minute,
  challenge: 5 * minute,
  linking: 10 * minute,
}

/** Codes that outlive this process. Only their hashes are kept, and each is taken once, whoever tries at the same time. */
export class KeptCodes {
  readonly #db: Db

  constructor(db: Db) {
    this.#db = db
  }

  /** @param code one that is there already (a passkey's challenge) instead of a new one */
  async make(kind: CodeKind, about: Partial<KeptCode>, code = randomBytes(24).toString('base64url')): Promise<string> {
    const now = Date.now()
    await this.#db.delete(codes).where(lte(codes.expiresAt, now))
    await this.#db.insert(codes).values({
      hash: hashOf(code),
      kind,
      userId: about.userId ?? null,
      email: about.email ?? null,
      data: about.data ?? {},
      createdAt: now,
      expiresAt: now + codeLifeMs[kind],
    })
    return code
  }

  /** What it is worth, without using it up. */
  async read(kinds: readonly CodeKind[], code: string): Promise<(KeptCode & { kind: CodeKind }) | undefined> {
    const [row] = await this.#db
      .select()
      .from(codes)
      .where(and(eq(codes.hash, hashOf(code)), gt(codes.expiresAt, Date.now())))
    return row !== undefined && kinds.includes(row.kind) ? row : undefined
  }

  async take(kind: CodeKind, code: string, tx: Db | Transaction = this.#db): Promise<KeptCode | undefined> {
    const [row] = await tx
      .delete(codes)
      .where(and(eq(codes.hash, hashOf(code)), eq(codes.kind, kind), gt(codes.expiresAt, Date.now())))
      .returning()
    return row
  }

  /** Whatever was sent to a person before stops working. */
  async forget(userId: string, kinds: readonly CodeKind[], tx: Db | Transaction = this.#db): Promise<void> {
    for (const kind of kinds) await tx.delete(codes).where(and(eq(codes.userId, userId), eq(codes.kind, kind)))
  }
}

const hashOf = (code: string) => createHash('sha256').update(code).digest('hex')
