import { eq, sql } from 'drizzle-orm'
import { once } from '#db/once.ts'
import type { Db } from '#db/open.ts'
import { services, users } from '#db/schema.ts'
import { type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import type { At } from '../instances/place.ts'
import { authorOf } from '../people/person.ts'
import type { Platform } from '../platform.ts'

/** Where a deployment is to go, and what it is called. */
export interface Standing {
  chain: EnvironmentRow[]
  service: { name: string } | undefined
}

export async function standingAt(db: Db, at: At): Promise<Standing> {
  const [chain, [service]] = await Promise.all([
    environmentChain(db, at.environmentId),
    db.select({ name: services.name }).from(services).where(eq(services.id, at.serviceId)),
  ])
  return { chain, service }
}

/** The deployment that is live for callers of an environment: its own, or the nearest parent's. Null where there is none. */
export function liveAt({ routing }: Pick<Platform, 'routing'>, { serviceId, environmentId }: At): string | null {
  const { environments, releases } = routing.table
  for (
    let at = environments[environmentId], depth = 0;
    at && depth < 9;
    at = at.parentId === null ? undefined : environments[at.parentId], depth++
  ) {
    const release = releases[`${at.id}/${serviceId}`]
    if (release) return release.deploymentId
  }
  return null
}

const deployer = once((db) =>
  db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder('userId')))
    .prepare('deployer'),
)

/** Whose name a commit carries. */
export async function deployerOf(db: Db, userId: string): Promise<{ name: string; email: string }> {
  const [user] = await deployer(db).execute({ userId })
  return authorOf(user)
}
