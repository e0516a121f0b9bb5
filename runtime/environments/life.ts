import { and, asc, eq, gte, isNotNull, isNull, lte, max, min, sql } from 'drizzle-orm'
import { doesExpire, idleLifeMs, warningMs } from '#contract/environment-life.ts'
import { PlatformError } from '#contract/errors.ts'
import type { TrafficCount } from '#contract/gateway-api.ts'
import type { DepartedEnvironment, Environment } from '#contract/records.ts'
import { type Actor, platformActor } from '#contract/rpc.ts'
import { deployments, environments, usage } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import { Locks } from '../source/locks.ts'
import { departEnvironment, type Going, listDeparted, parkBranches, restoreEnvironment } from './departure.ts'
import { Editing } from './editing.ts'
import {
  createEnvironment,
  environmentChain,
  type EnvironmentRow,
  listEnvironments,
  type NewEnvironment,
  readEnvironment,
} from './environments.ts'
import { moveEnvironment } from './move.ts'
import { purgeEnvironment } from './purge.ts'

interface Clock {
  now: () => number
  /** Like setTimeout; gives what takes it back. */
  at: (ms: number, run: () => void) => () => void
}

const realClock: Clock = {
  now: Date.now,
  at: (ms, run) => {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
}

const saveAfterMs = 60_000
const retryAfterMs = 60_000
/** A timer takes no longer time. */
const longestMs = 24 * 3_600_000

/**
 * When environments expire, and go for good. Every deadline is a row's `expiresAt`; one timer waits for the next of them.
 * Use moves deadlines: it is noted in memory, and written down a minute later for all that were used by then.
 */
export class Life {
  readonly #platform: Going
  readonly #clock: Clock
  /** Changes of those of one name, one after the other. */
  readonly #names = new Locks()
  readonly #editing: Editing
  readonly #used = new Map<string, number>()
  readonly #unsaved = new Set<string>()
  #saving: (() => void) | undefined
  #save: Promise<void> = Promise.resolve()
  #timer: { at: number; stop: () => void } | undefined
  #sweeping: Promise<void> = Promise.resolve()

  constructor(platform: Going, clock: Clock = realClock) {
    this.#platform = platform
    this.#clock = clock
    this.#editing = new Editing(platform, clock.now)
    platform.events.listen((event) => {
      if (event.type === 'draft') this.used(event.environmentId)
      else if (event.type === 'deployment') this.used(event.deployment.environmentId, event.deployment.createdAt)
    })
  }

  /** After a start: what was due meanwhile is done, and what a kill left half done. */
  async load(): Promise<void> {
    const { db, log } = this.#platform
    const since = this.#clock.now() - 7 * 24 * 3_600_000
    const called = await db
      .select({ id: usage.environmentId, at: max(usage.hour) })
      .from(usage)
      .where(gte(usage.hour, since))
      .groupBy(usage.environmentId)
    const deployed = await db
      .select({ id: deployments.environmentId, at: max(deployments.createdAt) })
      .from(deployments)
      .where(gte(deployments.createdAt, since))
      .groupBy(deployments.environmentId)
    for (const { id, at } of [...called, ...deployed]) for (const each of this.#lineOf(id)) this.#note(each, at ?? 0)
    const going = await db
      .select()
      .from(environments)
      .where(and(isNotNull(environments.deletedAt), isNotNull(environments.expiresAt)))
    for (const row of going) {
      void this.#named(row, () => parkBranches(this.#platform, row)).catch((error: unknown) =>
        log.error(
          { err: error, environment: row.id },
          'the branches of an environment that is gone could not be put away',
        ),
      )
    }
    await this.#arm()
  }

  async create(actor: Actor, input: NewEnvironment): Promise<Environment> {
    const made = await this.#named(input, () => createEnvironment(this.#platform, actor, input, this.#clock.now()))
    this.used(made.id)
    this.#expect(made.expires)
    return this.#shown(made)
  }

  async delete(actor: Actor, environmentId: string): Promise<void> {
    const [row] = await environmentChain(this.#platform.db, environmentId)
    if (row) await this.#named(row, () => this.#depart(actor, row, false))
  }

  async restore(actor: Actor, environmentId: string): Promise<Environment> {
    const [row] = await this.#platform.db.select().from(environments).where(eq(environments.id, environmentId))
    if (!row) throw new PlatformError('not_found', 'this environment does not exist')
    const back = await this.#named(row, () =>
      restoreEnvironment(this.#platform, actor, environmentId, this.#clock.now()),
    )
    this.used(environmentId)
    this.#expect(back.expires)
    return this.#shown(back)
  }

  /** As if it had just been used. */
  async keep(actor: Actor, environmentId: string): Promise<Environment> {
    const [row] = await environmentChain(this.#platform.db, environmentId)
    if (!row || !doesExpire(row.kind))
      throw new PlatformError('bad_request', `${row?.name ?? 'it'} never expires`, { fix: 'No action is needed.' })
    await audited(
      this.#platform.db,
      actor,
      { teamId: row.teamId, action: 'environment.keep', target: `environment ${row.name}` },
      async () => {
        this.used(environmentId)
        await this.save()
      },
    )
    this.#platform.events.emit({ type: 'environment', teamId: row.teamId, environmentId })
    return this.#shown(await readEnvironment(this.#platform, environmentId))
  }

  async move(actor: Actor, input: { environmentId: string; parentId: string }): Promise<Environment> {
    const moved = await moveEnvironment(this.#platform, actor, input)
    // What stems from it is used, and so are its new parents.
    this.used(input.environmentId, this.#used.get(input.environmentId))
    return this.#shown(moved)
  }

  async list(teamId: string): Promise<Environment[]> {
    return (await listEnvironments(this.#platform, teamId)).map((environment) => this.#shown(environment))
  }

  departed(teamId: string): Promise<DepartedEnvironment[]> {
    return listDeparted(this.#platform, teamId, this.#clock.now())
  }

  noteCalls(counts: readonly TrafficCount[]): void {
    for (const { environmentId, lastAt } of counts) this.used(environmentId, lastAt)
  }

  /** A use of an environment is one of its parents too: they serve what it inherits. */
  used(environmentId: string, at = this.#clock.now()): void {
    const { table } = this.#platform.routing
    for (const id of this.#lineOf(environmentId)) {
      const before = this.#used.get(id) ?? at
      if (!this.#note(id, at)) continue
      this.#unsaved.add(id)
      // Screens say that it expires soon, which is true no longer.
      const teamId = table.environments[id]?.teamId
      if (teamId !== undefined && at - before > idleLifeMs - warningMs)
        this.#platform.events.emit({ type: 'environment', teamId, environmentId: id })
    }
    this.#saving ??= this.#clock.at(saveAfterMs, () => {
      this.#save = this.save().catch((error: unknown) =>
        this.#platform.log.warn({ err: error }, 'the use of environments could not be written down'),
      )
    })
  }

  /** Writes down what was used since the last time. */
  async save(): Promise<void> {
    this.#saving?.()
    this.#saving = undefined
    const rows = [...this.#unsaved].map(
      (id) => sql`(${id}, ${new Date((this.#used.get(id) ?? 0) + idleLifeMs).toISOString()}::timestamptz)`,
    )
    if (rows.length === 0) return
    const saved = [...this.#unsaved]
    this.#unsaved.clear()
    try {
      await this.#platform.db
        .execute(sql`update ${environments} set expires_at = greatest(expires_at, used.until) from (values ${sql.join(rows, sql`, `)}) as used(environment_id, until)
        where id = used.environment_id and deleted_at is null and expires_at is not null`)
    } catch (error) {
      for (const id of saved) this.#unsaved.add(id)
      throw error
    }
  }

  /** What is due: those that were not used for too long expire, those that are gone for a day are purged. */
  async sweep(): Promise<void> {
    this.#sweeping = this.#sweeping.then(() => this.#sweepOnce())
    return this.#sweeping
  }

  /** Resolves when nothing of it is under way. */
  async settled(): Promise<void> {
    await this.#sweeping
    await this.#save
  }

  async close(): Promise<void> {
    this.#timer?.stop()
    await this.#sweeping
    await this.save()
    this.#saving?.()
  }

  async #sweepOnce(): Promise<void> {
    const { db, log, routing } = this.#platform
    let failed = false
    try {
      await this.save()
      const due = await db
        .select()
        .from(environments)
        .where(lte(environments.expiresAt, this.#clock.now()))
        .orderBy(asc(environments.expiresAt))
      // Children before their parents, which cannot go while they are there.
      const depth = (id: string | null): number =>
        id === null ? 0 : 1 + depth(routing.table.environments[id]?.parentId ?? null)
      for (const row of due.sort((a, b) => depth(b.id) - depth(a.id))) {
        await this.#named(row, () => this.#end(row)).catch((error: unknown) => {
          failed = true
          log.error({ err: error, environment: row.id }, 'an environment whose time is over could not be ended')
        })
      }
    } catch (error) {
      failed = true
      log.error({ err: error }, 'environments whose time is over could not be looked for')
    }
    await this.#arm(failed ? this.#clock.now() + retryAfterMs : 0).catch(() =>
      this.#wait(this.#clock.now() + retryAfterMs),
    )
  }

  async #end(row: EnvironmentRow): Promise<void> {
    const [now] = await this.#platform.db.select().from(environments).where(eq(environments.id, row.id))
    if (!now || now.expiresAt === null || now.expiresAt > this.#clock.now()) return
    if (now.deletedAt !== null) return purgeEnvironment(this.#platform, now)
    try {
      await this.#depart(platformActor, now, true)
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== 'conflict') throw error
      await this.#outlive(now)
    }
  }

  /** What stems from it needs it: it lives for as long. */
  async #outlive({ id }: EnvironmentRow): Promise<void> {
    const { db } = this.#platform
    const children = await db
      .select({ expiresAt: environments.expiresAt })
      .from(environments)
      .where(and(eq(environments.parentId, id), isNull(environments.deletedAt)))
    const later = this.#clock.now() + idleLifeMs
    await db
      .update(environments)
      .set({ expiresAt: Math.max(...children.map(({ expiresAt }) => expiresAt ?? later), this.#clock.now() + 1) })
      .where(eq(environments.id, id))
  }

  async #depart(actor: Actor, { id }: EnvironmentRow, expired: boolean): Promise<void> {
    await departEnvironment(this.#platform, actor, id, { expired, now: this.#clock.now() })
    await this.#arm()
  }

  #named<T>({ teamId, name }: { teamId: string; name: string }, work: () => Promise<T>): Promise<T> {
    return this.#names.run(`${teamId}/${name}`, work)
  }

  /** It and its parents. */
  *#lineOf(environmentId: string): Generator<string> {
    const { environments: known } = this.#platform.routing.table
    for (let id: string | null | undefined = environmentId; id; id = known[id]?.parentId) yield id
  }

  /** False when that was known already. */
  #note(id: string, at: number): boolean {
    if (at <= (this.#used.get(id) ?? 0)) return false
    this.#used.set(id, at)
    return true
  }

  /** With what is known of its use but not written down yet. */
  #shown(environment: Environment): Environment {
    const usedAt = Math.max(environment.usedAt ?? 0, this.#used.get(environment.id) ?? 0)
    return {
      ...environment,
      laptops: this.#platform.laptops.in(environment.id),
      editing: this.#editing.of(environment.id),
      usedAt: usedAt || null,
      expires: environment.expires === null ? null : Math.max(environment.expires, usedAt + idleLifeMs),
    }
  }

  /** For the next deadline of all, but not before `earliest`. */
  async #arm(earliest = 0): Promise<void> {
    const [next] = await this.#platform.db.select({ at: min(environments.expiresAt) }).from(environments)
    this.#timer?.stop()
    this.#timer = undefined
    if (next?.at != null) this.#wait(Math.max(next.at, earliest))
  }

  #expect(deadline: number | null): void {
    if (deadline !== null && deadline < (this.#timer?.at ?? Infinity)) this.#wait(deadline)
  }

  #wait(at: number): void {
    this.#timer?.stop()
    const ms = Math.min(Math.max(0, at - this.#clock.now()), longestMs)
    this.#timer = { at, stop: this.#clock.at(ms, () => void this.sweep()) }
  }
}
