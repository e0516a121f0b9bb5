import { and, inArray, isNull } from 'drizzle-orm'
import { sessions } from '#db/schema.ts'
import type { Platform } from '../platform.ts'

/**
 * Takes sessions that have ended out of the routing table. Web says when one ends; this is for when it was killed between
 * ending one and saying so.
 */
export async function dropEnded({ db, routing }: Pick<Platform, 'db' | 'routing'>): Promise<void> {
  const handed = Object.keys(routing.table.sessions)
  if (handed.length === 0) return
  const open = await db
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(inArray(sessions.id, handed), isNull(sessions.endedAt)))
  const ids = new Set(open.map(({ id }) => id))
  const ended = handed.filter((id) => !ids.has(id) || (routing.table.sessions[id]?.expiresAt ?? 0) <= Date.now())
  if (ended.length > 0) await routing.apply({ sessions: Object.fromEntries(ended.map((id) => [id, null])) })
}
