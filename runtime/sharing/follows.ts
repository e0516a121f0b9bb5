import { and, eq, isNull } from 'drizzle-orm'
import { follows, services } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { nameOf } from '../services/views.ts'
import { isSharedWith, requireShared } from '../services/shared.ts'

interface Follow {
  teamId: string
  userId: string
  name: string
}

/** What a person wants to hear of is their own: no change of the platform, so not in its log of changes. */
export async function follow(platform: Platform, { teamId, userId, name }: Follow): Promise<void> {
  const { service } = await requireShared(platform, teamId, name)
  await platform.db
    .insert(follows)
    .values({ userId, serviceId: service.id, createdAt: Date.now() })
    .onConflictDoNothing()
}

export async function unfollow(platform: Platform, { userId, name }: Omit<Follow, 'teamId'>): Promise<void> {
  const rows = await platform.db.select({ id: follows.serviceId }).from(follows).where(eq(follows.userId, userId))
  const found = rows.find(({ id }) => nameOf(platform, id) === name)
  if (found) await platform.db.delete(follows).where(and(eq(follows.userId, userId), eq(follows.serviceId, found.id)))
}

/** As `@team/service`, by name; those that the team looked at does not see any more are left out. */
export async function listFollows(platform: Platform, { teamId, userId }: Omit<Follow, 'name'>): Promise<string[]> {
  const rows = await platform.db
    .select({ id: follows.serviceId })
    .from(follows)
    .innerJoin(services, and(eq(services.id, follows.serviceId), isNull(services.deletedAt), isSharedWith(teamId)))
    .where(eq(follows.userId, userId))
  return rows.flatMap(({ id }) => nameOf(platform, id) ?? []).sort()
}
