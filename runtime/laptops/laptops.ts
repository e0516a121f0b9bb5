import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import type { Endpoint } from '#contract/endpoints.ts'
import { PlatformError } from '#contract/errors.ts'
import { isLaptopName, laptopName, spokenLaptop } from '#contract/laptop-names.ts'
import type { Deployment, Environment, Laptop, Person, PlatformEvent } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { teams, users } from '#db/schema.ts'
import { environmentChain } from '../environments/environments.ts'
import type { At } from '../instances/place.ts'
import { personOf } from '../people/person.ts'
import { findService, serviceUrl } from '../services/views.ts'
import { readValues } from '../variables/variables.ts'
import { beneath, Hold, type Parts } from './hold.ts'
import { clearLeftBehind } from './left-behind.ts'

export interface Taking extends At {
  userId: string
  instance: string | null
  force: boolean
  may: { variables: boolean; secrets: boolean }
}

const goingMs = 300

const placeKey = ({ serviceId, environmentId }: At): string => `${environmentId}/${serviceId}`

/**
 * Which laptop stands in which place. A hold lives as long as the connection that it was taken on, so all of this is in
 * memory alone: after a restart of the runtime they take their places again.
 */
export class Laptops {
  readonly #parts: Parts
  readonly #holds = new Map<string, Hold>()

  constructor(parts: Parts) {
    this.#parts = parts
    parts.events.listen((event) => this.#hear(event))
  }

  /** What an earlier run of the runtime left is written down as let go. */
  recover(): Promise<void> {
    return clearLeftBehind(this.#parts)
  }

  /** The laptop that serves here, and not one that only inherits from here. */
  serving(at: At): Laptop | null {
    return this.#holds.get(placeKey(at))?.laptop ?? null
  }

  /** What the one that serves here says that it answers; null when it has said nothing. */
  endpointsOf(at: At): readonly Endpoint[] | null {
    return this.#holds.get(placeKey(at))?.endpoints ?? null
  }

  /** In which environments one serves. */
  environmentsOf(serviceId: string): string[] {
    return [...this.#holds.values()]
      .filter((hold) => hold.holding.serviceId === serviceId && hold.laptop !== null)
      .map((hold) => hold.holding.environmentId)
  }

  in(environmentId: string): Environment['laptops'] {
    return [...this.#holds.values()]
      .flatMap((hold) =>
        hold.holding.environmentId === environmentId && hold.laptop !== null
          ? [{ ...hold.laptop, service: hold.holding.service }]
          : [],
      )
      .sort((a, b) => a.service.localeCompare(b.service))
  }

  /** @throws PlatformError `not_found` */
  held(instance: string): Hold {
    for (const hold of this.#holds.values()) if (hold.holding.instance === instance) return hold
    throw new PlatformError('not_found', 'this laptop runs no service here')
  }

  /** @throws PlatformError `conflict` naming who holds it, `environment_gone`, `not_found` */
  async take(taking: Taking, actor: Actor): Promise<Hold> {
    const { serviceId, environmentId, userId, force, may } = taking
    const chain = await environmentChain(this.#parts.db, environmentId)
    const [environment] = chain
    const service = await findService(this.#parts, serviceId)
    const person = await this.#person(userId)
    const team = await this.#team(service.teamId)
    if (environment === undefined || environment.teamId !== service.teamId)
      throw new PlatformError('not_found', 'this environment belongs to another team')
    const values = await readValues(this.#parts, { serviceId, environmentId })
    const mayHave = (secret: boolean) => may.variables && (!secret || may.secrets)
    const [given, withheld] = [
      Object.entries(values).filter(([, { secret }]) => mayHave(secret)),
      Object.values(values).filter(({ secret }) => !mayHave(secret)),
    ]
    const instance = this.#nameFor(person, taking.instance)

    const isOwn = (hold: Hold) => hold.holding.instance === instance && hold.holding.person.id === person.id
    const held = this.#holds.get(placeKey(taking))
    // One whose connection has just ended is on its way out.
    if (held && !isOwn(held) && !force) await Promise.race([held.over, delay(goingMs)])
    const before = this.#holds.get(placeKey(taking))
    const isSame = before !== undefined && isOwn(before)
    if (before && !isSame && !force) throw taken(before, service.name, environment.name)
    const mine: Hold = new Hold(this.#parts, {
      instance,
      key: this.#keyOf(instance, taking),
      person,
      actor,
      serviceId,
      environmentId,
      teamId: service.teamId,
      service: service.name,
      environment: environment.name,
      overlay: environment.parentId !== null,
      secrets: given.flatMap(([name, { secret }]) => (secret ? [name] : [])),
      mask: Object.values(values).flatMap(({ secret, value }) => (secret ? [value] : [])),
      values: Object.fromEntries(given),
    })
    // From here to the hold's own turn nothing is waited for: two who ask at once get different answers.
    this.#holds.set(placeKey(taking), mine)
    void mine.over.then(() => {
      if (this.#holds.get(placeKey(taking)) === mine) this.#holds.delete(placeKey(taking))
    })
    try {
      await (before &&
        (isSame
          ? before.end('it reconnected')
          : before.end(`${spokenLaptop(person)} took it over`, overtaken(person, service.name, environment.name))))
      await mine.begin(before && !isSame ? before.spoken : null)
    } catch (error) {
      await mine.end('it could not be connected')
      throw error
    }
    mine.say({
      type: 'held',
      instance,
      key: mine.holding.key,
      team,
      environment: environment.name,
      service: service.name,
      by: mine.spoken,
      url: serviceUrl(this.#parts, { service: service.name, environment: environment.name, team }),
      values: given.map(([name, { value, secret }]) => ({ name, value, secret })),
      withheld: (['variables', 'secrets'] as const).filter((what) =>
        withheld.some(({ secret }) => secret === (what === 'secrets')),
      ),
      beneath: beneath(this.#parts, taking),
    })
    return mine
  }

  /** A secret of the service was set, marked, or deleted. */
  async reviewSecrets(serviceId: string): Promise<void> {
    await Promise.all(
      [...this.#holds.values()]
        .filter(({ holding }) => holding.serviceId === serviceId)
        .map((hold) => hold.reviewSecrets()),
    )
  }

  /** All let go, as at the end of the runtime. */
  async close(): Promise<void> {
    await Promise.all([...this.#holds.values()].map((hold) => hold.end('the platform is restarting')))
  }

  #hear(event: PlatformEvent): void {
    if (this.#holds.size === 0) return
    if (event.type === 'deployment') return void this.#deployed(event.deployment)
    if (event.type !== 'environment' && event.type !== 'service' && event.type !== 'team') return
    const { environments, services } = this.#parts.routing.table
    for (const hold of this.#holds.values()) {
      const { environmentId, serviceId, teamId, environment, service } = hold.holding
      const gone = environments[environmentId]?.gone
      if (gone !== null)
        void hold.end(
          gone ?? `the environment ${environment} was deleted`,
          new PlatformError('environment_gone', gone ?? `the environment ${environment} was deleted`, {
            fix: 'Choose another with --env.',
          }),
        )
      else if (services[serviceId]?.teamId !== teamId)
        void hold.end(
          `${service} no longer belongs to this team`,
          new PlatformError('not_found', `${service} was deleted or transferred to another team`),
        )
    }
  }

  /** It goes on beneath, and both hear of the other. */
  async #deployed(deployment: Deployment): Promise<void> {
    const hold = this.#holds.get(placeKey(deployment))
    if (
      hold === undefined ||
      hold.laptop === null ||
      deployment.state !== 'live' ||
      !deployment.current ||
      hold.noted.has(deployment.id)
    )
      return
    hold.noted.add(deployment.id)
    hold.say({
      type: 'note',
      text: `${deployment.revision} of ${deployment.by} is deployed to ${deployment.environment}. This laptop still runs the service there; the revision becomes live when it stops`,
    })
    await hold.note(`${deployment.revision} is deployed, but ${hold.spoken} still runs the service here`)
  }

  /** The same after a lost connection; another's cannot be had. */
  #nameFor(person: Person, before: string | null): string {
    const own = laptopName(person, '')
    const others = [...this.#holds.values()].some(
      (hold) => hold.holding.instance === before && hold.holding.person.id !== person.id,
    )
    if (
      before !== null &&
      isLaptopName(before) &&
      before.startsWith(own) &&
      /^[a-z0-9]{6}$/.test(before.slice(own.length)) &&
      !others
    )
      return before
    return laptopName(person, randomBytes(8).toString('hex').slice(0, 6))
  }

  /** Follows from what it is for, so that it is the same after a lost connection, and cannot be chosen. */
  #keyOf(instance: string, { userId, serviceId, environmentId }: Taking): string {
    return this.#parts.seal
      .derive(['laptop', instance, userId, serviceId, environmentId].join('/'))
      .subarray(0, 16)
      .toString('base64url')
  }

  async #person(userId: string): Promise<Person> {
    const [row] = await this.#parts.db.select().from(users).where(eq(users.id, userId))
    if (!row) throw new PlatformError('not_found', 'this person does not exist')
    return personOf(row)
  }

  async #team(teamId: string): Promise<string> {
    const [row] = await this.#parts.db.select({ name: teams.name }).from(teams).where(eq(teams.id, teamId))
    return row?.name ?? ''
  }
}

function taken(hold: Hold, service: string, environment: string): PlatformError {
  return new PlatformError('conflict', `${service} in ${environment} already runs on ${hold.spoken}`, {
    fix: `Take it over with --force, which tells ${hold.holding.person.name || hold.holding.person.email}, or work in your own environment: m3o env create NAME.`,
    data: { by: hold.holding.person.email, instance: hold.holding.instance },
  })
}

function overtaken(person: Person, service: string, environment: string): PlatformError {
  return new PlatformError('superseded', `${person.name || person.email} took over ${service} in ${environment}`, {
    fix: 'Take it back with --force, or work in your own environment: m3o env create NAME.',
    data: { by: person.email },
  })
}
