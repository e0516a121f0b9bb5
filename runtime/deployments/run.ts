import { eq } from 'drizzle-orm'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { outageOf } from '#contract/outage.ts'
import { phaseDeadlines, type PhasePart } from '#contract/states.ts'
import { deployments } from '#db/schema.ts'
import { laps } from '../builds/laps.ts'
import { waitUntilReady } from '../instances/check.ts'
import type { Running } from '../instances/instances.ts'
import { describeExit, watchMs } from '../instances/places.ts'
import type { Plan } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'
import { declaring, requireMayDeclare } from './declared.ts'
import { beginDescription, type Described, keepDescription } from './describe.ts'
import { type BuildRecord, keepBuild, make, type Making } from './make.ts'
import { advance, announce, type DeploymentRow, type Failure, switchedTo } from './record.ts'
import { inTurn } from './turns.ts'

const { starting: startingMs, checking: checkingMs } = phaseDeadlines
const lastLines = 50
const calmMs = 150

/**
 * One deployment from `queued` to its end. Each step is recorded, and nothing that lasts is changed before that, so that after
 * a kill at any instant it is taken again from the last one recorded: an instance that nothing tells of is ended then. The
 * signal's reason (a PlatformError `cancelled` or `superseded`) ends it. `making`: of it, when that was begun before.
 */
export async function runDeployment(
  platform: Platform,
  row: DeploymentRow,
  signal: AbortSignal,
  making?: Making,
): Promise<void> {
  const started: Running[] = []
  const parts = making?.parts ?? []
  try {
    const made = await make(platform, row, { signal, parts, making })
    if (!made) return
    const { plan } = made
    let { record } = made
    await requireMayDeclare(platform, row, plan)
    // Data is taken from the instance before: the build is recorded before that, and not together with the start.
    if (record !== undefined && plan.keepsData) {
      await keepBuild(platform, row, record)
      record = undefined
    }
    await stopForData(platform, plan)
    const described = await inTurn(platform, plan, signal, async (turn) => {
      await startInstances(platform, plan, { started, parts, signal, record, turn })
      return await checkInstances(platform, plan, { started, parts, signal })
    })
    await switchOver(platform, plan, { started, described, parts, signal, row })
  } catch (error) {
    await end(platform, row, { started, parts }, signal.aborted ? signal.reason : error)
  }
}

/** Ends what was not resumed, or was ended before its turn came. */
export function endDeployment(platform: Platform, row: DeploymentRow, why: unknown): Promise<void> {
  return end(platform, row, { started: [], parts: [] }, why)
}

/** The one exception to "the old ones serve until the new one is checked"; calls wait meanwhile. */
async function stopForData(platform: Platform, plan: Plan): Promise<void> {
  if (!plan.keepsData) return
  await platform.places.makeWay(plan)
}

interface Attempt {
  /** Gets those that are started. */
  started: Running[]
  /** Gets what the phase under way was spent on, until the step that ends it takes them. */
  parts: PhasePart[]
  signal: AbortSignal
}

interface Start extends Attempt {
  /** Of the build, where it is not recorded yet. */
  record?: BuildRecord | undefined
  /** Resolves when it may begin. */
  turn?: () => Promise<void>
}

export async function startInstances(
  platform: Platform,
  plan: Plan,
  { started, parts, signal, record, turn }: Start,
): Promise<void> {
  await endEarlier(platform, plan)
  platform.places.instances.spares.stage(plan)
  const recorded = require(advance(platform, plan.deploymentId, 'starting', {
    ...record,
    parts: parts.splice(0),
  }), plan.deploymentId, platform)
  recorded.catch(() => {}) // seen once there is something to be ended
  const lap = laps(parts)
  await turn?.()
  lap('turn')
  signal.throwIfAborted()
  const count = Math.max(1, plan.settings.min)
  const starting = Array.from({ length: count }, async () => {
    const running = await platform.places.instances.start(plan)
    // Nobody waits for one that was cancelled while it started.
    if (signal.aborted) await platform.places.instances.stop(running.id, 0)
    else started.push(running)
  })
  await within(Promise.all(starting), startingMs, 'it could not be started in time', signal)
  // Those that came too late to be wanted are not among the started: nothing would be checked, and nothing serve.
  signal.throwIfAborted()
  lap(started.every(({ listens }) => listens !== undefined) ? 'spare' : 'sandbox')
  await recorded
}

/** Of an earlier attempt, before the runtime was killed. One that was switched to drains, as calls may be under way to it. */
async function endEarlier({ places: { instances } }: Platform, plan: Plan): Promise<void> {
  const earlier = instances
    .of(plan)
    .filter(
      (old) =>
        old.deploymentId === plan.deploymentId &&
        (plan.keepsData || old.state === 'starting' || old.state === 'checking'),
    )
  await Promise.all(earlier.map((old) => instances.stop(old.id, 0)))
}

/** Of what is to last, its build is on the disk then, too. */
export async function checkInstances(
  platform: Platform,
  plan: Plan,
  { started, parts, signal }: Attempt,
): Promise<Described> {
  // To ask changes nothing: it need not wait for the record of the step, only for its end.
  const recorded = require(advance(platform, plan.deploymentId, 'checking', {
    parts: parts.splice(0),
  }), plan.deploymentId, platform)
  recorded.catch(() => {})
  const lap = laps(parts)
  const describing = beginDescription(platform, plan, started[0])
  const kept = platform.builds.kept(plan.build.id)
  kept.catch(() => {}) // seen at the end
  let silent = started.length
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const ended = started.map(async (running) => {
    const exit = await running.ended
    const lines = await linesOf(platform, running)
    const failure: Failure = {
      code: 'start_failed',
      message: `it ${describeExit(exit)} while starting`,
      exitCode: exit.exitCode,
      signal: exit.signal,
      lines,
    }
    throw Object.assign(
      new PlatformError('start_failed', failure.message, {
        fix: exit.oom
          ? 'Give it more memory in its settings, or let it use less.'
          : 'Its last lines say why; mend it and deploy again.',
      }),
      { failure },
    )
  })
  try {
    await Promise.race([
      ...ended,
      Promise.all(
        started.map((running) =>
          waitUntilReady(running, plan.settings.health, checkingMs, {
            signal: either,
            onListening: () => {
              if (running === started[0]) describing.ask()
              if (--silent === 0) lap('loading')
            },
            onUnready: () => describing.askAnew(),
          }),
        ),
      ),
    ])
    lap('answering')
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'check_failed') {
      throw Object.assign(error, { failure: { ...error.toJSON(), lines: await linesOf(platform, started[0]) } })
    }
    throw error
  } finally {
    over.abort()
    for (const promise of ended) promise.catch(() => {})
    await recorded.catch(() => {})
  }
  await recorded
  signal.throwIfAborted()
  const [described] = await Promise.all([describing.done(), kept])
  lap('describing')
  signal.throwIfAborted()
  return described
}

interface SwitchOver extends Attempt {
  described: Described
  row: DeploymentRow
}

/** The step is recorded together with what it changes: there is no instant at which one of them is true alone. */
async function switchOver(
  platform: Platform,
  plan: Plan,
  { started, described, parts, signal, row: by }: SwitchOver,
): Promise<void> {
  const since = Date.now()
  const previousId = platform.places.get(plan)?.plan.deploymentId ?? null
  let now: DeploymentRow | undefined
  await platform.places.switchTo(plan, started, {
    record: async (tx) => {
      const [row] = await Promise.all([
        switchedTo(tx, plan.deploymentId, {
          since,
          parts,
          previousId,
          watchedUntil: previousId === null ? null : Date.now() + watchMs,
        }),
        keepDescription(tx, plan, described),
      ])
      signal.throwIfAborted()
      now = await require(Promise.resolve(row), plan.deploymentId, platform)
    },
    declare: declaring(platform, [{ at: plan, after: plan, by }]),
  })
  void announce(platform, plan.deploymentId).catch(() => {}) // nobody depends on having heard of it
  await noteLeftOut(platform, plan, described)
  await platform.logs.append(plan, {
    stream: 'platform',
    level: 'info',
    text: `deployment ${plan.deploymentId} live`,
    revision: plan.commit.slice(0, 7),
  })
  // Starting the next spare takes a processor: what has just become live answers its first calls before.
  if (now?.kind === 'deploy' && now.route !== 'platform')
    setTimeout(() => platform.places.expectDeployment(plan), calmMs).unref()
}

/** Why the compatibility of its endpoints was not checked. */
export async function noteLeftOut({ logs }: Platform, plan: Plan, { leftOut }: Described): Promise<void> {
  if (leftOut !== undefined)
    await logs.append(plan, {
      stream: 'platform',
      level: 'warn',
      text: `${leftOut}: not all of its endpoints are known, and their compatibility was not checked`,
      revision: plan.commit.slice(0, 7),
    })
}

/** A build says how its program ended and what it printed last. */
function ofBuild({ data }: PlatformError): Pick<Failure, 'exitCode' | 'lines'> {
  const { exitCode, lines } = (data ?? {}) as Pick<Failure, 'exitCode' | 'lines'>
  return { ...(exitCode !== undefined && { exitCode }), ...(lines !== undefined && { lines }) }
}

async function end(
  platform: Platform,
  row: DeploymentRow,
  { started, parts }: Pick<Attempt, 'started' | 'parts'>,
  error: unknown,
): Promise<void> {
  const understood = isPlatformError(error) ? error : outageOf(error)
  if (understood === undefined)
    platform.log.error({ err: error, deployment: row.id }, 'a deployment failed unexpectedly')
  const known = understood ?? new PlatformError('internal', `something went wrong inside the platform (${row.id})`)
  const failure: Failure = { ...known.toJSON(), ...ofBuild(known), ...(known as { failure?: Failure }).failure }
  const to = known.code === 'cancelled' || known.code === 'superseded' ? known.code : 'failed'
  await advance(platform, row.id, to, { error: failure, parts })
  await platform.logs.append(row, {
    stream: 'platform',
    level: to === 'failed' ? 'error' : 'info',
    text: `deployment ${row.id} ${to}: ${known.message}`,
    revision: row.commit.slice(0, 7),
  })
  await Promise.all(started.map((running) => platform.places.instances.stop(running.id, 2_000)))
  // One that keeps data was stopped for this attempt: it serves again.
  await platform.places.bringBack(row)
}

async function linesOf(platform: Platform, running: Running | undefined): Promise<string[]> {
  if (!running) return []
  const page = await platform.logs.read([running], {
    instance: [running.id],
    stream: ['stdout', 'stderr'],
    limit: lastLines,
  })
  return page.entries.flatMap((entry) => (entry.kind === 'record' ? entry.text.split('\n') : [])).slice(-lastLines)
}

/** The row, or what took its place: it was cancelled or superseded between two steps. */
async function require(step: Promise<DeploymentRow | null>, id: string, { db }: Platform): Promise<DeploymentRow> {
  const row = await step
  if (row) return row
  const [now] = await db.select({ state: deployments.state }).from(deployments).where(eq(deployments.id, id))
  throw new PlatformError(
    now?.state === 'superseded' ? 'superseded' : 'cancelled',
    `the deployment is ${now?.state ?? 'gone'}`,
  )
}

async function within<T>(work: Promise<T>, ms: number, message: string, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () =>
      late.reject(
        new PlatformError('start_failed', message, {
          fix: 'The machine may be busy: look at Settings, Health, then deploy again.',
        }),
      ),
    ms,
  )
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
