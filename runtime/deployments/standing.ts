import { eq, sql } from 'drizzle-orm'
import { once } from '#db/once.ts'
import type { Db } from '#db/open.ts'
import { services, users } from '#db/schema.ts'
import { type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import type { At } from '../instances/place.ts'

/** Where a deployment is to go, and what it is called. */
export interface Standing {
  chain: EnvironmentRow[]
  service: { name: string } | undefined
}

export async function standingAt(db: Db, at: At): Promise<Standing> {
  const [chain, [service]] = await Promise.all([environmentChain(db, at.environmentId), db.select({ name: services.name }).from(services).where(eq(services.id, at.serviceId))])
  return { chain, service }
}

const author = once((db) => db.select({ name: users.name, email: users.email }).from(users).where(eq(users.id, sql.placeholder('userId'))).prepare('author'))

/** Whose name a commit carries. */
export async function authorOf(db: Db, userId: string): Promise<{ name: string; email: string }> {
  const [user] = await author(db).execute({ userId })
  return user ?? { name: 'M3O', email: 'platform@m3o.invalid' }
}
