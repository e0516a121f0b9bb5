import { sql } from 'drizzle-orm'
import type { Actor } from '#contract/rpc.ts'
import { givenAll, once } from '#db/once.ts'
import type { Db, Transaction } from '#db/open.ts'
import { audit } from '#db/schema.ts'
import { coveredText, hashAfterLast } from './chain.ts'

/** What somebody changed. `before` and `after` hold no secret. */
export interface Change {
  teamId: string | null
  action: string
  /** `service/s_…`, for people `service hello`. */
  target: string
  before?: unknown
  after?: unknown
}

const chainLock = 4_360_361

const lock = once((db) =>
  db
    .select({ held: sql`pg_advisory_xact_lock(${chainLock})` })
    .from(sql`(select) as once`)
    .prepare('lock_audit'),
)

const append = once((db) => {
  const { seq: _, hash: __, ...row } = givenAll(audit)
  return db
    .insert(audit)
    .values({ ...row, hash: hashAfterLast(sql.placeholder('covered')) })
    .prepare('append_audit')
})

/** Runs a change and writes its audit row in the same transaction: one is never there without the other. */
export async function audited<T>(
  db: Db,
  actor: Actor,
  change: Change,
  run: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return db.transaction(async (tx) => {
    const result = await run(tx)
    await writeAudit(tx, actor, change)
    return result
  })
}

/**
 * Appends to the chain: each row's hash covers the row before it, so that none can be taken out or altered unseen. It is the last
 * thing in a transaction, sent when all else has been answered: its lock is held to the end, and whoever held it while waiting
 * for a row would wait for ever for one that holds the row and waits for it.
 */
export async function writeAudit(tx: Transaction, actor: Actor, change: Change): Promise<void> {
  const row = {
    at: Date.now(),
    teamId: change.teamId,
    actor,
    action: change.action,
    target: change.target,
    before: change.before ?? null,
    after: change.after ?? null,
  }
  // Sent at once, and so in this order (a query that drizzle builds here would be sent a turn later): the last row is read once the lock is held.
  await Promise.all([lock(tx).execute(), append(tx).execute({ ...row, covered: coveredText(row) })])
}
