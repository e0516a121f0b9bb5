import { and, asc, desc, eq, isNull } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { members, teams, users } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { createToken } from '../tokens/tokens.ts'

const lastsMs = 90 * 86_400_000

/**
 * A command's token for who runs the platform, on the machine that it runs on: asked for over the runtime's socket, which
 * lies with the keys and the data in a folder that only they can enter, so that it gives them nothing they do not have.
 * @throws PlatformError `not_in_this_state` when nobody was set up, `not_found` for a person without a team
 */
export async function signInHere(
  platform: Platform,
  { name }: { name: string },
): Promise<{ token: string; email: string; team: string }> {
  const { db } = platform
  const [operator] = await db.select().from(users).orderBy(desc(users.operator), asc(users.createdAt)).limit(1)
  if (!operator)
    throw new PlatformError('not_in_this_state', 'this platform is not set up yet', {
      fix: 'Open the setup link that the server printed when it started.',
    })
  const [team] = await db
    .select({ id: teams.id, name: teams.name })
    .from(members)
    .innerJoin(teams, eq(teams.id, members.teamId))
    .where(and(eq(members.userId, operator.id), isNull(teams.deletedAt)))
    .orderBy(asc(teams.createdAt))
    .limit(1)
  if (!team)
    throw new PlatformError('not_found', `${operator.email} is not in a team`, { fix: 'Create one in the console.' })
  const actor = { kind: 'person' as const, id: operator.id, name: operator.email, from: 'this machine' }
  const { secret } = await createToken(platform, actor, {
    teamId: team.id,
    userId: operator.id,
    role: null,
    name,
    scope: {},
    environmentId: null,
    expiresAt: Date.now() + lastsMs,
  })
  return { token: secret, email: operator.email, team: team.name }
}
