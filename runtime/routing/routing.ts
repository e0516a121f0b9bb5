import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, isNull } from 'drizzle-orm'
import type { Logger } from 'pino'
import type { gatewayApi, TrafficNews } from '#contract/gateway-api.ts'
import { isPlatformError } from '#contract/errors.ts'
import type { Routed, RoutedKind, RoutingChange, RoutingTable } from '#contract/routing.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import type { Db } from '#db/open.ts'
import { members, sessions, tokens, users } from '#db/schema.ts'
import { confirmedEmail } from '../people/person.ts'
import { environmentEntities, serviceEntities, teamEntities, tokenEntities } from './entities.ts'

type Changes = { [K in RoutedKind]?: Record<string, Routed[K] | null> }
type Refreshable = 'teams' | 'environments' | 'services' | 'tokens'

const fromDatabase = {
  teams: teamEntities,
  environments: environmentEntities,
  services: serviceEntities,
  tokens: tokenEntities,
}

/**
 * The routing table and its copy in the gateway. Every change resolves once the gateway has it, or after 2 s when the
 * gateway is away: then it gets the whole table as soon as it is back, and until then serves from its last one.
 */
export class Routing {
  readonly table: RoutingTable
  readonly #db: Db
  readonly #gateway: RpcClient<typeof gatewayApi>
  readonly #log: Logger
  #sending: Promise<void> = Promise.resolve()
  #synced = false

  constructor(db: Db, gateway: RpcClient<typeof gatewayApi>, log: Logger) {
    this.#db = db
    this.#gateway = gateway
    this.#log = log
    this.table = {
      version: 0,
      epoch: randomUUID(),
      teams: {},
      environments: {},
      services: {},
      releases: {},
      laptops: {},
      callers: {},
      tokens: {},
      sessions: {},
      listeners: {},
    }
  }

  /** Reads all that the database knows. */
  async load(): Promise<void> {
    for (const kind of Object.keys(fromDatabase) as Refreshable[]) {
      Object.assign(this.table[kind], await fromDatabase[kind](this.#db, undefined))
    }
  }

  /** Reads these anew after they were changed. */
  async refresh(ids: Partial<Record<Refreshable, readonly string[]>>): Promise<void> {
    const changes: Changes = {}
    for (const kind of Object.keys(ids) as Refreshable[]) {
      Object.assign(changes, { [kind]: await fromDatabase[kind](this.#db, ids[kind]) })
    }
    await this.apply(changes)
  }

  /** After a person's roles or address changed: their tokens and handed-over sessions, of which ended ones go. */
  async refreshPerson(personId: string): Promise<void> {
    const own = await this.#db.select({ id: tokens.id }).from(tokens).where(eq(tokens.userId, personId))
    const teamIds = await this.teamsOf(personId)
    const [person] = await this.#db
      .select({ email: users.email, emailVerifiedAt: users.emailVerifiedAt })
      .from(users)
      .where(eq(users.id, personId))
    const handedOver = Object.values(this.table.sessions).filter((session) => session.personId === personId)
    const open = new Set(
      (
        await this.#db
          .select({ id: sessions.id })
          .from(sessions)
          .where(and(eq(sessions.userId, personId), isNull(sessions.endedAt)))
      ).map(({ id }) => id),
    )
    await this.apply({
      tokens: await tokenEntities(
        this.#db,
        own.map((token) => token.id),
      ),
      sessions: Object.fromEntries(
        handedOver.map((session) => [
          session.id,
          person === undefined || !open.has(session.id) ? null : { ...session, email: confirmedEmail(person), teamIds },
        ]),
      ),
    })
  }

  async teamsOf(personId: string): Promise<string[]> {
    const rows = await this.#db.select({ id: members.teamId }).from(members).where(eq(members.userId, personId))
    return rows.map((row) => row.id)
  }

  async apply(changes: Changes): Promise<void> {
    for (const kind of Object.keys(changes) as RoutedKind[]) {
      const entities = this.table[kind] as Record<string, unknown>
      for (const [id, entity] of Object.entries(changes[kind] ?? {})) {
        if (entity === null) delete entities[id]
        else entities[id] = entity
      }
    }
    const change: RoutingChange = { version: ++this.table.version, epoch: this.table.epoch, ...changes }
    // One after the other, in the order of their versions.
    this.#sending = this.#sending.then(() => this.#send(change))
    await this.#sending
  }

  /** Resolves when the gateway has the table as it is, or after `ms` when the gateway is away. */
  async settled(ms = 2_000): Promise<void> {
    for (const deadline = performance.now() + ms; !this.#synced && performance.now() < deadline;) await delay(10)
    await this.#sending
  }

  async #send(change: RoutingChange): Promise<void> {
    if (!this.#synced) return
    try {
      await this.#gateway.call('routes.apply', change, { timeoutMs: 2_000 })
    } catch (error) {
      if (isPlatformError(error) && error.code === 'conflict') return this.#replace()
      this.#synced = false
      this.#log.warn(
        { err: error },
        'the gateway did not take a change of routes; it gets the whole table when it is back',
      )
    }
  }

  async #replace(): Promise<void> {
    await this.#gateway.call('routes.replace', this.table, { timeoutMs: 10_000 })
    this.#synced = true
  }

  /** Keeps the gateway in step until the signal: whenever it (re)appears it gets the table, and its counters are read. */
  async follow(onTraffic: (news: TrafficNews) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const replaced = this.#sending.then(() => this.#replace())
        // That the gateway is away is nobody's failure who only waits for it.
        this.#sending = replaced.catch(() => {})
        await replaced
        for await (const news of this.#gateway.stream('traffic.watch', {}, { signal })) onTraffic(news)
      } catch {
        // Away: the loop asks again.
      }
      this.#sending = Promise.resolve()
      this.#synced = false
      await delay(50, undefined, { signal }).catch(() => {})
    }
  }
}
