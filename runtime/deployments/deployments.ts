import { and, asc, eq, isNotNull, sql } from 'drizzle-orm'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import type { Actor } from '#contract/rpc.ts'
import { outageOf } from '#contract/outage.ts'
import { deploymentCan } from '#contract/states.ts'
import { givenAll, once } from '#db/once.ts'
import { deployments, environments, services } from '#db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Exit } from '../engines/engine.ts'
import { branchOf, environmentChain } from '../environments/environments.ts'
import { describeExit } from '../instances/places.ts'
import { type At, type Place, placeKey } from '../instances/place.ts'
import { namesOf, readPlan } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'
import { saveScale } from '../services/settings.ts'
import type { SaveInput } from '../source/draft-edits.ts'
import { changesInWords } from './change-words.ts'
import { declaring } from './declared.ts'
import { liveHistory } from './history.ts'
import { beginMaking, type Given, type Making, readGiven } from './make.ts'
import {
  advance,
  advanceIn,
  announce,
  announceSoon,
  begun,
  type DeploymentRow,
  type Failure,
  newRow,
  rewind,
  underWay,
} from './record.ts'
import { type Recovery, resumption, type Turn, whyParked } from './resumed.ts'
import { endDeployment, runDeployment } from './run.ts'
import { deployerOf, liveAt, type Standing, standingAt } from './standing.ts'

export type Route = DeploymentRow['route']

interface Wanted {
  at: At
  kind: DeploymentRow['kind']
  route: Route
  commit: string
  message: string
  restoresId?: string
}

const stillThere = once((db) =>
  db
    .select({ service: services.deletedAt, environment: environments.deletedAt })
    .from(services)
    .innerJoin(environments, eq(environments.id, sql.placeholder('environmentId')))
    .where(eq(services.id, sql.placeholder('serviceId')))
    .for('share')
    .prepare('still_there'),
)

const insert = once((db) => db.insert(deployments).values(givenAll(deployments)).prepare('insert_deployment'))

/** What need not be read, or waited for, again. */
interface Known {
  standing?: Promise<Standing>
  given?: Promise<Given>
  /** Resolves when its commit is there for good: until then nothing is recorded that names it. */
  landed?: Promise<void>
}

interface Run {
  abort: AbortController
  making?: Making | undefined
  turn?: Turn
}

/** Starts deployments and sees them through: one at a time for a service in an environment, the newest wins. */
export class Deployments {
  readonly #platform: Platform
  readonly #running = new Map<string, { id: string; abort: AbortController; done: Promise<void> }>()

  /** Set by the promotions: what came together goes back together. False: it is for this one alone to go back. */
  onPromotedCrash: (promotionId: string, place: Place, exit: Exit) => Promise<boolean> = async () => false

  constructor(platform: Platform) {
    this.#platform = platform
    platform.places.onWatchedCrash = (place, exit) => this.#revert(place, exit)
  }

  /** What is known of it already need not be read again. */
  async start(
    actor: Actor,
    wanted: Wanted,
    { standing = standingAt(this.#platform.db, wanted.at), given, landed }: Known = {},
  ): Promise<DeploymentRow> {
    const { db } = this.#platform
    const {
      chain: [environment],
      service,
    } = await standing
    if (!environment || !service) throw new PlatformError('not_found', 'this service no longer exists')
    const queued = newRow({
      id: newId('deployment'),
      teamId: environment.teamId,
      serviceId: wanted.at.serviceId,
      environmentId: environment.id,
      kind: wanted.kind,
      route: wanted.route,
      commit: wanted.commit,
      message: wanted.message,
      byId: actor.id,
      byName: actor.name,
      byTokenId: actor.tokenId ?? null,
      restoresId: wanted.restoresId ?? null,
      replacesId: liveAt(this.#platform, { ...wanted.at, environmentId: environment.id }),
    })
    const row = this.#running.has(placeKey(queued)) ? queued : begun(queued)
    const abort = new AbortController()
    const making = row === queued ? undefined : beginMaking(this.#platform, row, { signal: abort.signal, given })
    await db
      .transaction(async (tx) => {
        // An environment, or a service, that goes at this moment waits for this row, and then ends it.
        const [[known]] = await Promise.all([
          stillThere(tx).execute({ serviceId: row.serviceId, environmentId: environment.id }),
          insert(tx).execute(row),
        ])
        await landed
        if (known?.service !== null) throw new PlatformError('not_found', 'this service no longer exists')
        if (known.environment !== null)
          throw new PlatformError('environment_gone', `the environment ${environment.name} was just removed`, {
            fix: 'Choose another one.',
          })
        await writeAudit(tx, actor, {
          teamId: row.teamId,
          action: `service.${row.kind}`,
          target: `service ${service.name}`,
          after: { environment: environment.name, revision: row.commit.slice(0, 7), deployment: row.id },
        })
      })
      .catch((error: unknown) => {
        abort.abort(error)
        throw error
      })
    announceSoon(this.#platform, row.id)
    this.#run(row, { abort, making })
    return row
  }

  /** A commit that is in the repository. */
  deploy(actor: Actor, at: At, commit: string, message: string, route: Route): Promise<DeploymentRow> {
    return this.start(actor, { at, kind: 'deploy', route, commit, message })
  }

  /**
   * The person's draft, committed first, with what they have typed last; refused as `conflict` when somebody else's change is
   * in the way of either.
   */
  async deployDraft(
    actor: Actor,
    at: At,
    { userId, message, save }: { userId: string; message?: string | undefined; save?: SaveInput | undefined },
    route: Route,
  ): Promise<DeploymentRow> {
    const { source } = this.#platform
    const [chainOfIt, known, author] = [
      environmentChain(this.#platform.db, at.environmentId),
      namesOf(this.#platform, at),
      deployerOf(this.#platform.db, userId),
    ]
    const given = readGiven(this.#platform, at, { chain: chainOfIt, known })
    const standing = Promise.all([chainOfIt, known]).then(([chain, { service: name }]) => ({
      chain,
      service: { name },
    }))
    for (const promise of [known, author, given, standing]) promise.catch(() => {}) // seen when it is needed
    const chain = await chainOfIt
    const draft = { serviceId: at.serviceId, userId, environment: at.environmentId, branches: chain.map(branchOf) }
    const start = (commit: string, said: string, more: Pick<Known, 'landed'> = {}) =>
      this.start(actor, { at, kind: 'deploy', route, commit, message: said }, { standing, given, ...more })
    const landing = Promise.withResolvers<void>()
    landing.promise.catch(() => {}) // nobody may wait for it
    let begun: { commit: string; row: Promise<DeploymentRow> } | undefined
    const onCommit = (commit: string, said: string) => {
      if (begun) return
      begun = { commit, row: start(commit, said, { landed: landing.promise }) }
      begun.row.catch(() => {}) // seen below
    }
    const teamId = chain[0]?.teamId ?? ''
    const landed = await this.#platform.disk
      .storing({ teamId, serviceId: at.serviceId }, async () =>
        source.drafts.commit({
          ...draft,
          save,
          author: await author,
          onCommit,
          // Without a change the newest commit is deployed again, under its own name.
          message: async (files, head) =>
            message?.trim() ||
            changesInWords(files) ||
            (await source.history.commit({ serviceId: at.serviceId, commit: head })).message.trim(),
        }),
      )
      .catch((error: unknown) => {
        landing.reject(error)
        throw error
      })
    this.#platform.events.emit({
      type: 'draft',
      teamId,
      serviceId: at.serviceId,
      userId,
      environmentId: at.environmentId,
      path: null,
      by: actor.name,
    })
    if (begun?.commit === landed.commit) {
      landing.resolve()
      return begun.row
    }
    // Somebody pushed in between, and it was made anew.
    landing.reject(new PlatformError('superseded', 'its commit was made anew'))
    return start(landed.commit, landed.message)
  }

  /** A folder as a tar stream. Notes say what a person should know, such as whose change was written over. */
  async deployArchive(
    actor: Actor,
    at: At,
    input: {
      userId: string
      message?: string | undefined
      base: string | null
      force: boolean
      tip?: string | undefined
      body: Readable
    },
  ) {
    const { source } = this.#platform
    const [standing, author] = [standingAt(this.#platform.db, at), deployerOf(this.#platform.db, input.userId)]
    author.catch(() => {})
    const { chain } = await standing
    const branches = chain.map(branchOf)
    const said = input.message?.trim() || 'Deploy from a folder'
    const landed = await this.#platform.disk.storing(
      { teamId: chain[0]?.teamId ?? '', serviceId: at.serviceId },
      async () =>
        source.archives.commit({
          serviceId: at.serviceId,
          branches,
          stream: input.body,
          ...(input.base !== null && { base: input.base }),
          force: input.force,
          author: await author,
          message: said,
          ...(input.tip !== undefined && { tip: input.tip }),
        }),
    )
    // A commit of the folder's own says what it is.
    const message =
      landed.commit === input.tip
        ? (await source.history.commit({ serviceId: at.serviceId, commit: landed.commit })).message
        : said
    const row = await this.start(
      actor,
      { at, kind: 'deploy', route: 'cli', commit: landed.commit, message },
      { standing },
    )
    const notes = [
      ...(landed.replaced && landed.previous !== null
        ? ['the folder has no recorded base, so it replaced the existing source']
        : []),
      ...(landed.merged ? ['merged with newer commits of others'] : []),
      ...landed.overwrote.map((change) => `overwrote ${change.path}, changed by ${change.author}`),
    ]
    return { row, commit: landed.commit, notes }
  }

  /** One live revision further back each time, or to the one named; with its code, its settings and its variables. `from`: what was live when it was looked at. */
  async rollback(actor: Actor, at: At, to: string | null, from: string | null = null): Promise<DeploymentRow> {
    const live = this.#platform.places.get(at)?.plan
    if (from !== null && live?.deploymentId !== from) {
      throw new PlatformError(
        'conflict',
        `the live deployment changed since you looked${live === undefined ? '' : `: revision ${live.commit.slice(0, 7)}`}`,
        { fix: 'Check the deployments again.' },
      )
    }
    const wereLive = await this.#wereLive(at)
    // A named one may also be what a rollback left behind: that is how one comes forward again.
    const target =
      to === null
        ? liveHistory(wereLive).at(-2)
        : wereLive.findLast(
            (row) => row.kind !== 'restart' && row.kind !== 'scale' && (row.id === to || row.commit.startsWith(to)),
          )
    if (!target) {
      throw new PlatformError(
        'not_found',
        to === null ? 'no earlier revision was live here' : `${to} was never live here`,
        { fix: 'List earlier live revisions with `m3o status`, or in the console under Deployments.' },
      )
    }
    return this.start(actor, {
      at,
      kind: 'rollback',
      route: 'console',
      commit: target.commit,
      message: `Roll back to ${target.commit.slice(0, 7)}: ${target.message}`,
      restoresId: target.restoresId ?? target.id,
    })
  }

  /** The same revision anew, with the variables and settings of now. */
  async restart(actor: Actor, at: At): Promise<DeploymentRow> {
    const serving = this.#require(at)
    return this.start(actor, {
      at,
      kind: 'restart',
      route: 'console',
      commit: serving.plan.commit,
      message: `Restart ${serving.plan.commit.slice(0, 7)}`,
    })
  }

  /** The same revision with another number of instances. */
  async scale(actor: Actor, at: At, min: number, max: number): Promise<DeploymentRow> {
    const { db } = this.#platform
    const serving = this.#require(at)
    if (min > max)
      throw new PlatformError('bad_request', 'min is greater than max', { field: 'min', fix: 'Choose min up to max.' })
    const [row] = await db
      .select({ locked: deployments.locked })
      .from(deployments)
      .where(eq(deployments.id, serving.plan.deploymentId))
    if (row?.locked.includes('instances'))
      throw new PlatformError('conflict', 'm3o.json sets the number of instances', {
        fix: 'Change "instances" there and deploy.',
      })
    if (serving.plan.keepsData && max > 1)
      throw new PlatformError('conflict', `${serving.plan.service} keeps data in M3O_DATA, so it runs one instance`, {
        fix: 'Store its data in a database to run more instances.',
      })
    await saveScale(this.#platform, actor, at, min, max)
    return this.start(actor, {
      at,
      kind: 'scale',
      route: 'console',
      commit: serving.plan.commit,
      message: `Scale to ${min}–${max}`,
    })
  }

  async cancel(actor: Actor, id: string): Promise<void> {
    const { db } = this.#platform
    const [row] = await db.select().from(deployments).where(eq(deployments.id, id))
    if (!row) throw new PlatformError('not_found', 'this deployment does not exist')
    const allowed = deploymentCan.cancel(row.state)
    if (allowed !== true)
      throw new PlatformError('not_in_this_state', `it cannot be cancelled: ${allowed}`, { fix: 'Roll back instead.' })
    await this.#stop(row, new PlatformError('cancelled', `cancelled by ${actor.name}`))
    const [now] = await db.select({ state: deployments.state }).from(deployments).where(eq(deployments.id, id))
    if (now?.state === 'live')
      throw new PlatformError('not_in_this_state', 'it just became live', { fix: 'Roll back instead.' })
  }

  /** After a start of the runtime: what was under way is taken up again from what was built; after it was killed, with care. */
  async recover({ killed, suspects, begin }: Recovery): Promise<void> {
    const { db, routing } = this.#platform
    for (const row of await underWay(db)) {
      if (row.promotionId !== null) continue // the promotions carry them on together
      const again = await rewind(db, row)
      const {
        environments: { [row.environmentId]: place },
        services: { [row.serviceId]: service },
      } = routing.table
      const parked = killed ? whyParked(row) : undefined
      if (place?.gone !== null || service === undefined)
        await this.#stop(
          again,
          new PlatformError(
            'cancelled',
            place?.gone ?? `its ${service === undefined ? 'service' : 'environment'} was deleted`,
          ),
        )
      else if (parked) await endDeployment(this.#platform, again, parked)
      else
        this.#run(again, {
          abort: new AbortController(),
          turn: resumption(row, { killed, suspects, begin }, () => this.#countResumed(again)),
        })
    }
  }

  async #countResumed({ id }: DeploymentRow): Promise<void> {
    await this.#platform.db
      .update(deployments)
      .set({ resumed: sql`${deployments.resumed} + 1` })
      .where(eq(deployments.id, id))
  }

  /** What is under way in an environment that is gone is ended; nothing new begins there. */
  async endIn(environmentId: string, why: string): Promise<void> {
    await this.#endThose((row) => row.environmentId === environmentId, why)
  }

  /** The same of a service that is gone. */
  async endOf(serviceId: string, why: string): Promise<void> {
    await this.#endThose((row) => row.serviceId === serviceId, why)
  }

  async #endThose(which: (row: DeploymentRow) => boolean, why: string): Promise<void> {
    const rows = (await underWay(this.#platform.db)).filter(which)
    await Promise.all(rows.map((row) => this.#stop(row, new PlatformError('cancelled', why))))
  }

  /** Something is on its way there; what serves there already only finishes its notes. */
  isUnderWay(at: At): boolean {
    const running = this.#running.get(placeKey(at))
    return running !== undefined && this.#platform.places.get(at)?.plan.deploymentId !== running.id
  }

  /**
   * For a promotion, whose deployments run together: what is deployed to one of their places later ends it first.
   * @throws PlatformError `conflict` when one of them is being deployed to at this moment
   */
  claim(rows: readonly DeploymentRow[], abort: AbortController, done: Promise<void>): void {
    if (rows.some((row) => this.isUnderWay(row)))
      throw new PlatformError('conflict', 'one of these services is being deployed there', {
        fix: 'Wait until it is live, then try again.',
      })
    for (const row of rows) {
      const key = placeKey(row)
      this.#running.set(key, { id: row.id, abort, done })
      void done.finally(() => {
        if (this.#running.get(key)?.id === row.id) this.#running.delete(key)
      })
    }
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map((one) => one.done))
  }

  /** Resolves when it has ended, one way or the other. */
  async ended(id: string): Promise<void> {
    for (const running of this.#running.values()) if (running.id === id) await running.done
  }

  #run(row: DeploymentRow, { abort, making, turn }: Run = { abort: new AbortController() }): void {
    const key = placeKey(row)
    const before = this.#running.get(key)
    if (before) before.abort.abort(new PlatformError('superseded', 'a newer deployment replaced it'))
    const done = (async () => {
      await before?.done
      for (let next: DeploymentRow | undefined = row; next !== undefined;) {
        const run: Promise<void> =
          next === row && turn
            ? turn(() => this.#resume(row, abort.signal))
            : runDeployment(this.#platform, next, abort.signal, next === row ? making : undefined)
        next = await run.then(
          () => undefined,
          (error: unknown) => this.#leftBy(row.id, error),
        )
      }
    })()
      .catch((error: unknown) =>
        this.#platform.log.error({ err: error, deployment: row.id }, 'a deployment could not be ended'),
      )
      .finally(() => {
        if (this.#running.get(key)?.id === row.id) this.#running.delete(key)
      })
    this.#running.set(key, { id: row.id, abort, done })
    this.#platform.places.hold(row, done)
  }

  /** When its turn has come: it may have been ended, or have been superseded, while it waited. */
  async #resume(row: DeploymentRow, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return endDeployment(this.#platform, row, signal.reason)
    await runDeployment(this.#platform, row, signal)
  }

  /** The database went away under it, and it could not even be ended: taken up again once that answers, as after a start. */
  async #leftBy(id: string, error: unknown): Promise<DeploymentRow | undefined> {
    if (outageOf(error) === undefined) throw error
    this.#platform.log.warn({ err: error, deployment: id }, 'a deployment waits for the database')
    for (;;) {
      await delay(300)
      try {
        const row = (await underWay(this.#platform.db)).find((one) => one.id === id)
        return row && (await rewind(this.#platform.db, row))
      } catch (again) {
        if (outageOf(again) === undefined) throw again
      }
    }
  }

  async #stop(row: DeploymentRow, why: PlatformError): Promise<void> {
    const running = this.#running.get(placeKey(row))
    if (running?.id === row.id) {
      running.abort.abort(why)
      await running.done
    } else {
      await advance(this.#platform, row.id, 'cancelled', { error: why.toJSON() })
    }
  }

  /** Something crashed within a minute of the switch: the one before serves again. */
  async #revert(place: Place, exit: Exit): Promise<void> {
    const previousId = place.watch?.previousId
    if (!previousId) return
    const deploymentId = place.plan.deploymentId
    const [row] = await this.#platform.db
      .select({ promotionId: deployments.promotionId })
      .from(deployments)
      .where(eq(deployments.id, deploymentId))
    if (row?.promotionId && (await this.onPromotedCrash(row.promotionId, place, exit))) return
    const message = `it ${describeExit(exit)} soon after going live; the previous revision is live again`
    const error: Failure = { code: 'start_failed', message, exitCode: exit.exitCode, signal: exit.signal }
    const plan = await readPlan(this.#platform, previousId)
    await this.#platform.places.switchBack(place, plan, {
      record: async (tx) => void (await advanceIn(tx, deploymentId, 'reverted', { error })),
      declare: declaring(this.#platform, [{ at: place, after: plan, by: null }]),
    })
    await this.#platform.logs.append(place, {
      stream: 'platform',
      level: 'error',
      text: `deployment ${deploymentId} reverted: ${message}`,
      revision: place.plan.commit.slice(0, 7),
    })
    for (const id of [deploymentId, previousId]) await announce(this.#platform, id)
  }

  #require(at: At): Place {
    const place = this.#platform.places.get(at)
    if (!place) throw new PlatformError('not_in_this_state', 'it was never deployed here', { fix: 'Deploy it first.' })
    return place
  }

  /** Every deployment here that became live and stayed so, oldest first. */
  async #wereLive(at: At): Promise<DeploymentRow[]> {
    return this.#platform.db
      .select()
      .from(deployments)
      .where(
        and(
          eq(deployments.serviceId, at.serviceId),
          eq(deployments.environmentId, at.environmentId),
          eq(deployments.state, 'live'),
          isNotNull(deployments.liveAt),
        ),
      )
      .orderBy(asc(deployments.id))
  }
}
