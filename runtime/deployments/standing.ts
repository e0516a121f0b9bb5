import { eq, sql } from 'drizzle-orm'
import { once } from '#db/once.ts'
import type { Db } from '#db/open.ts'
import { services, users } from '#db/schema.ts'
import { type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import type { At } from '../instances/place.ts'
import { authorOf } from '../people/person.ts'

/** Where a deployment is to go, and what it is called. */
export interface Standing {
  chain: EnvironmentRow[]
  service: { name: string } | undefined
}

export async function standingAt(db: Db, at: At): Promise<Standing> {
  const [chain, [service]] = await Promise.all([environmentChain(db, at.environmentId), db.select({ name: services.name }).from(services).where(eq(services.id, at.serviceId))])
  return { chain, service }
}

const deployer = once((db) => db.select().from(users).where(eq(users.id, sql.placeholder('userId'))).prepare('deployer'))

/** Whose name a commit carries. */
export async function deployerOf(db: Db, userId: string): Promise<{ name: string; email: string }> {
  const [user] = await deployer(db).execute({ userId })
  return authorOf(user)
}
