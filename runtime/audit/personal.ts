import { asc, eq } from 'drizzle-orm'
import type { Db } from '#db/open.ts'
import { personalChanges } from '#db/schema.ts'
import { writeAudit } from './audit.ts'

/**
 * Takes what people changed of how they sign in into the audit, each once, in order: web writes sign-in tables alone, and
 * notes there what it changed in the transaction that changed it.
 */
export async function takeUpPersonal(db: Db): Promise<void> {
  await db.transaction(async (tx) => {
    const waiting = await tx
      .select()
      .from(personalChanges)
      .orderBy(asc(personalChanges.seq))
      .for('update', { skipLocked: true })
      .limit(200)
    for (const { seq, actor, ...change } of waiting) {
      await writeAudit(tx, actor, { teamId: null, ...change })
      await tx.delete(personalChanges).where(eq(personalChanges.seq, seq))
    }
  })
}
