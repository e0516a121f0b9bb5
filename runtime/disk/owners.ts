import { isNotNull } from 'drizzle-orm'
import type { Db } from '#db/open.ts'
import { services } from '#db/schema.ts'
import type { Routing } from '../routing/routing.ts'
import type { Owners } from './stock.ts'

/** Whose a service's repository, and an environment's caches, are. */
export class ServiceOwners implements Owners {
  readonly #db: Db
  readonly #routing: Pick<Routing, 'table'>
  /** Teams of services that were deleted, by their ids: their repositories are in the trash for a while. */
  readonly #deleted = new Map<string, string>()

  constructor(db: Db, routing: Pick<Routing, 'table'>) {
    this.#db = db
    this.#routing = routing
  }

  teamOfService(serviceId: string): string | undefined {
    return this.#routing.table.services[serviceId]?.teamId ?? this.#deleted.get(serviceId)
  }

  teamOfEnvironment(environmentId: string): string | undefined {
    return this.#routing.table.environments[environmentId]?.teamId
  }

  async refresh(): Promise<void> {
    for (const { id, teamId } of await this.#db
      .select({ id: services.id, teamId: services.teamId })
      .from(services)
      .where(isNotNull(services.deletedAt)))
      this.#deleted.set(id, teamId)
  }
}
