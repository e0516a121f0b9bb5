import { and, desc, eq, gte, isNull, like, lt, lte, or, sql } from 'drizzle-orm'
import type { AuditEntry, AuditFilter } from '#contract/audit.ts'
import type { Db } from '#db/open.ts'
import { audit, tokens } from '#db/schema.ts'

export interface AuditPage extends AuditFilter {
  /** Null: what is of no team, people and the platform itself. */
  teamId: string | null
  before: number | null
  limit: number
}

/** Newest first. */
export async function readAudit(
  db: Db,
  { teamId, before, limit, who, action, target, since, until }: AuditPage,
): Promise<AuditEntry[]> {
  const rows = await db
    .select({ entry: audit, token: tokens.name })
    .from(audit)
    .leftJoin(tokens, sql`${tokens.id} = ${audit.actor} ->> 'tokenId'`)
    .where(
      and(
        teamId === null ? isNull(audit.teamId) : eq(audit.teamId, teamId),
        before === null ? undefined : lt(audit.seq, before),
        who === undefined ? undefined : sql`lower(${audit.actor} ->> 'name') = ${who.toLowerCase()}`,
        // `secret.` and `secret.*` name all of a noun's.
        action === undefined
          ? undefined
          : /\.\*?$/.test(action)
            ? like(audit.action, `${pattern(action.replace(/\*$/, ''))}%`)
            : eq(audit.action, action),
        target === undefined
          ? undefined
          : or(
              ...[audit.target, sql`${audit.before}::text`, sql`${audit.after}::text`].map(
                (text) => sql`${text} ilike ${`%${pattern(target)}%`}`,
              ),
            ),
        since === undefined ? undefined : gte(audit.at, since),
        until === undefined ? undefined : lte(audit.at, until),
      ),
    )
    .orderBy(desc(audit.seq))
    .limit(limit)
  return rows.map(({ entry: { seq, at, actor, action: did, target: to, before: was, after }, token }) => ({
    seq,
    at,
    action: did,
    target: to,
    before: was,
    after,
    actor: {
      kind: actor.kind,
      id: actor.id,
      name: actor.name,
      ...(actor.unconfirmed && { unconfirmed: true as const }),
      from: actor.from ?? null,
      by:
        actor.tokenId !== undefined
          ? { token: actor.tokenId, name: token }
          : actor.sessionId !== undefined
            ? { session: actor.sessionId }
            : null,
    },
  }))
}

/** Text as it is, in a pattern of LIKE. */
const pattern = (text: string) => text.replace(/[\\%_]/g, (character) => `\\${character}`)
