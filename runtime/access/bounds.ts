import { and, count, eq, type SQL } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Transaction } from '#db/open.ts'
import { environments, invitations, services, teams, tokens } from '#db/schema.ts'

interface Bound {
  teamId: string
  table: typeof environments | typeof invitations | typeof services | typeof tokens
  /** Which of the team's count. */
  where: SQL | undefined
  most: number
  /** In the plural. */
  what: string
  fix: string
}

/**
 * Before one more is made in the same transaction; others of this team wait meanwhile, so that those made at once are counted too.
 * @throws PlatformError `forbidden` saying what to do
 */
export async function requireFewer(tx: Transaction, { teamId, table, where, most, what, fix }: Bound): Promise<void> {
  await tx.select({ id: teams.id }).from(teams).where(eq(teams.id, teamId)).for('no key update')
  const [found] = await tx
    .select({ number: count() })
    .from(table)
    .where(and(eq(table.teamId, teamId), where))
  if (found !== undefined && found.number >= most)
    throw new PlatformError('forbidden', `the limit of ${most.toLocaleString('en')} ${what} is reached`, { fix })
}
