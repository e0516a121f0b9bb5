import { and, eq } from 'drizzle-orm'
import { compareEndpoints } from '#contract/compatibility.ts'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { outageOf } from '#contract/outage.ts'
import { deployments, revisions } from '#db/schema.ts'
import { maxDepth } from '#contract/routing.ts'
import { readEndpoints } from '#sdk/compile/read-endpoints.ts'
import { environmentChain } from '../environments/environments.ts'
import { waitUntilReady } from '../instances/check.ts'
import type { Running } from '../instances/instances.ts'
import { describeExit, watchMs } from '../instances/places.ts'
import { type Plan, readPlan, sealedVariables } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'
import { runOnce, settingsFor } from '../services/settings.ts'
import { findService } from '../services/views.ts'
import { effectiveVariables, requireNothingWithheld } from '../variables/effective.ts'
import { readValues, type Values } from '../variables/variables.ts'
import { applyManifest } from './apply-manifest.ts'
import { buildRevision } from './build.ts'
import { advance, announce, type DeploymentRow, type Failure, stepTo } from './record.ts'

const startingMs = 30_000
const checkingMs = 60_000
const lastLines = 50

/**
 * One deployment from `queued` to its end, each step recorded before it is taken, so that after a kill at any instant
 * it is taken again from the last one recorded. The signal's reason (a PlatformError `cancelled` or `superseded`) ends it.
 */
export async function runDeployment(platform: Platform, row: DeploymentRow, signal: AbortSignal): Promise<void> {
  const started: Running[] = []
  try {
    const built = await build(platform, row, signal)
    if (!built) return
    const plan = await readPlan(platform, row.id)
    await applyManifest(platform, row, plan.build.manifest)
    await stopForData(platform, plan)
    await startInstances(platform, plan, started, signal)
    await checkInstances(platform, plan, started, signal)
    await switchOver(platform, plan, started)
  } catch (error) {
    await end(platform, row, started, signal.aborted ? signal.reason : error)
  }
}

/** False when it was cancelled before. A promoted revision comes with the build that it was tried with. */
export async function build(platform: Platform, row: DeploymentRow, signal: AbortSignal): Promise<boolean> {
  if (row.state !== 'queued' && row.variables !== null) return true // carried on after a restart of the runtime
  if (row.state === 'queued' && !(await advance(platform, row.id, 'building'))) return false
  if (row.restoresId === null) await requireSecrets(platform, row)
  const build = row.buildId === null ? await buildRevision(platform, row, signal) : await platform.builds.read(row.buildId)
  const { keepsData } = build
  const [values, { settings, locked }] = await Promise.all([valuesFor(platform, row), settingsFor(platform, row, build)])
  await platform.db.update(deployments).set({
    buildId: build.id, keepsData, settings: keepsData ? runOnce(settings) : settings, locked,
    variables: platform.seal.seal(JSON.stringify(values), sealedVariables(row.id)),
  }).where(eq(deployments.id, row.id))
  return true
}

/** What would be withheld from it is known before anything is built. */
async function requireSecrets(platform: Platform, row: DeploymentRow): Promise<void> {
  const { withheld } = await effectiveVariables(platform, row)
  if (withheld.length === 0) return
  const [service, [environment]] = await Promise.all([findService(platform, row.serviceId), environmentChain(platform.db, row.environmentId)])
  requireNothingWithheld(environment?.name ?? '', [{ service: service.name, withheld }])
}

/** A rollback runs with the variables of that time. */
async function valuesFor(platform: Platform, row: DeploymentRow): Promise<Values> {
  if (row.restoresId !== null) return (await readPlan(platform, row.restoresId)).values
  return readValues(platform, row)
}

/** The one exception to "the old ones serve until the new one is checked"; calls wait meanwhile. */
async function stopForData(platform: Platform, plan: Plan): Promise<void> {
  if (!plan.keepsData) return
  await platform.places.makeWay(plan)
}

export async function startInstances(platform: Platform, plan: Plan, started: Running[], signal: AbortSignal): Promise<void> {
  await endEarlier(platform, plan)
  await require(advance(platform, plan.deploymentId, 'starting'), plan.deploymentId, platform)
  const count = Math.max(1, plan.settings.min)
  const starting = Array.from({ length: count }, async () => {
    const running = await platform.places.instances.start(plan)
    // Nobody waits for one that was cancelled while it started.
    if (signal.aborted) return platform.places.instances.stop(running.id, 0)
    started.push(running)
  })
  await within(Promise.all(starting), startingMs, 'it could not be started in time', signal)
}

/** Of an earlier attempt, before the runtime was killed. One that was switched to drains, as calls may be under way to it. */
async function endEarlier({ places: { instances } }: Platform, plan: Plan): Promise<void> {
  const earlier = instances.of(plan).filter((old) => old.deploymentId === plan.deploymentId && (plan.keepsData || old.state === 'starting' || old.state === 'checking'))
  await Promise.all(earlier.map((old) => instances.stop(old.id, 0)))
}

export async function checkInstances(platform: Platform, plan: Plan, started: readonly Running[], signal: AbortSignal): Promise<void> {
  await require(advance(platform, plan.deploymentId, 'checking'), plan.deploymentId, platform)
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const ended = started.map(async (running) => {
    const exit = await running.ended
    const lines = await linesOf(platform, running)
    const failure: Failure = { code: 'start_failed', message: `it ${describeExit(exit)} while starting`, exitCode: exit.exitCode, signal: exit.signal, lines }
    throw Object.assign(new PlatformError('start_failed', failure.message, { fix: exit.oom ? 'Give it more memory in its settings, or let it use less.' : 'Its last lines say why; mend it and deploy again.' }), { failure })
  })
  try {
    await Promise.race([...ended, Promise.all(started.map((running) => waitUntilReady(running, plan.settings.health, checkingMs, either)))])
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'check_failed') {
      throw Object.assign(error, { failure: { ...error.toJSON(), lines: await linesOf(platform, started[0]) } })
    }
    throw error
  } finally {
    over.abort()
    for (const promise of ended) promise.catch(() => {})
  }
  await describeRevision(platform, plan, started[0])
}

async function describeRevision(platform: Platform, plan: Plan, running: Running | undefined): Promise<void> {
  if (!running) return
  const before = servingBefore(platform, plan)
  const [endpoints, [known]] = await Promise.all([
    readEndpoints(running.placement.address, running.placement.port).catch(() => []),
    before === undefined || before === plan.commit ? [] : platform.db.select({ endpoints: revisions.endpoints }).from(revisions).where(and(eq(revisions.serviceId, plan.serviceId), eq(revisions.commit, before))),
  ])
  // A fork has the commits of what it was forked from.
  await platform.db.update(revisions).set({ endpoints }).where(and(eq(revisions.serviceId, plan.serviceId), eq(revisions.commit, plan.commit)))
  if (known === undefined) return
  const endpointChanges = compareEndpoints(known.endpoints, endpoints)
  if (endpointChanges.length === 0) return
  await platform.db.update(deployments).set({ endpointChanges }).where(eq(deployments.id, plan.deploymentId))
}

/** Revision of its own copy here, or of the one that it inherits. */
function servingBefore({ places, routing }: Platform, plan: Plan): string | undefined {
  for (let id: string | null | undefined = plan.environmentId, depth = 0; id && depth < maxDepth; id = routing.table.environments[id]?.parentId, depth++) {
    const place = places.get({ serviceId: plan.serviceId, environmentId: id })
    if (place) return place.plan.commit
  }
  return undefined
}

async function switchOver(platform: Platform, plan: Plan, started: readonly Running[]): Promise<void> {
  const now = await require(advance(platform, plan.deploymentId, 'switching'), plan.deploymentId, platform)
  const previousId = platform.places.get(plan)?.plan.deploymentId ?? null
  await platform.places.switchTo(plan, started, async (tx) => {
    await tx.update(deployments).set({ ...stepTo(now, 'live'), previousId, watchedUntil: previousId === null ? null : Date.now() + watchMs })
      .where(eq(deployments.id, plan.deploymentId))
  })
  await announce(platform, plan.deploymentId)
  await platform.logs.append(plan, { stream: 'platform', level: 'info', text: `deployment ${plan.deploymentId} live`, revision: plan.commit.slice(0, 7) })
  if (now.kind === 'deploy' && now.route !== 'platform') platform.places.expectDeployment(plan)
}

/** A build says how its program ended and what it printed last. */
function ofBuild({ data }: PlatformError): Pick<Failure, 'exitCode' | 'lines'> {
  const { exitCode, lines } = (data ?? {}) as Pick<Failure, 'exitCode' | 'lines'>
  return { ...(exitCode !== undefined && { exitCode }), ...(lines !== undefined && { lines }) }
}

async function end(platform: Platform, row: DeploymentRow, started: readonly Running[], error: unknown): Promise<void> {
  const understood = isPlatformError(error) ? error : outageOf(error)
  if (understood === undefined) platform.log.error({ err: error, deployment: row.id }, 'a deployment failed unexpectedly')
  const known = understood ?? new PlatformError('internal', `something went wrong inside the platform (${row.id})`)
  const failure: Failure = { ...known.toJSON(), ...ofBuild(known), ...(known as { failure?: Failure }).failure }
  const to = known.code === 'cancelled' || known.code === 'superseded' ? known.code : 'failed'
  await advance(platform, row.id, to, { error: failure })
  await platform.logs.append(row, { stream: 'platform', level: to === 'failed' ? 'error' : 'info', text: `deployment ${row.id} ${to}: ${known.message}`, revision: row.commit.slice(0, 7) })
  await Promise.all(started.map((running) => platform.places.instances.stop(running.id, 2_000)))
  // One that keeps data was stopped for this attempt: it serves again.
  await platform.places.bringBack(row)
}

async function linesOf(platform: Platform, running: Running | undefined): Promise<string[]> {
  if (!running) return []
  const page = await platform.logs.read([running], { instance: [running.id], stream: ['stdout', 'stderr'], limit: lastLines })
  return page.entries.flatMap((entry) => (entry.kind === 'record' ? entry.text.split('\n') : [])).slice(-lastLines)
}

/** The row, or what took its place: it was cancelled or superseded between two steps. */
async function require(step: Promise<DeploymentRow | null>, id: string, { db }: Platform): Promise<DeploymentRow> {
  const row = await step
  if (row) return row
  const [now] = await db.select({ state: deployments.state }).from(deployments).where(eq(deployments.id, id))
  throw new PlatformError(now?.state === 'superseded' ? 'superseded' : 'cancelled', `the deployment is ${now?.state ?? 'gone'}`)
}

async function within<T>(work: Promise<T>, ms: number, message: string, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new PlatformError('start_failed', message, { fix: 'The machine may be busy: look at Settings, then deploy again.' })), ms)
  const stop = () => late.reject(signal.reason)
  signal.addEventListener('abort', stop)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    late.promise.catch(() => {})
  }
}
