import { eq } from 'drizzle-orm'
import { isPlatformError } from '#contract/errors.ts'
import type { ServiceSettings } from '#contract/records.ts'
import type { PhasePart } from '#contract/states.ts'
import { deployments } from '#db/schema.ts'
import type { Build } from '../builds/builds.ts'
import { trustOf, type Trust } from '../builds/trust.ts'
import { type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import { type Names, namesOf, type Plan, planOf, readPlan, sealedVariables } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'
import { consoleSettings, runOnce } from '../services/settings.ts'
import { effectiveVariables, requireNothingWithheld } from '../variables/effective.ts'
import { openValues, type Values } from '../variables/variables.ts'
import { buildRevision } from './build.ts'
import { advance, type DeploymentRow } from './record.ts'

interface Under {
  signal: AbortSignal
  /** Gets what the phase under way was spent on. */
  parts: PhasePart[]
}

/** What a deployment runs from, and what its row has yet to say of it; nothing when it was carried on from there. */
export interface Made {
  plan: Plan
  record?: BuildRecord | undefined
}
export type BuildRecord = Pick<DeploymentRow, 'buildId' | 'keepsData' | 'settings' | 'locked' | 'variables'>

/** Built and recorded. Null when it was cancelled before. */
export async function build(platform: Platform, row: DeploymentRow, signal: AbortSignal): Promise<Plan | null> {
  const made = await make(platform, row, { signal, parts: [] })
  if (made?.record) {
    await platform.builds.kept(made.plan.build.id)
    await keepBuild(platform, row, made.record)
  }
  return made?.plan ?? null
}

/** What is on its way to a deployment while that is being recorded. */
export interface Making {
  made: Promise<Made>
  parts: PhasePart[]
}

/** Neither reading nor building changes anything that lasts: they need not wait for the record of the step, only for its end. */
export function beginMaking(
  platform: Platform,
  row: DeploymentRow,
  {
    signal,
    parts = [],
    given = readGiven(platform, row),
  }: { signal: AbortSignal; parts?: PhasePart[]; given?: Promise<Given> | undefined },
): Making {
  const made = madeOf(platform, row, { signal, parts, given })
  made.catch(() => {}) // seen by who waits for it
  return { made, parts }
}

/** What a revision runs with in its place, whatever it is made from. */
export interface Given {
  names: Names
  /** Of a build that is made for it. */
  trust: Trust
  values: Values
  console: ServiceSettings
}

interface Going {
  serviceId: string
  environmentId: string
  restoresId?: string | null
}

/** @throws PlatformError as {@link valuesFor} */
export async function readGiven(
  platform: Platform,
  at: Going,
  { chain = environmentChain(platform.db, at.environmentId), known = namesOf(platform, at) } = {},
): Promise<Given> {
  const [names, trust, values, console] = await Promise.all([
    known,
    chain.then(trustOf),
    valuesFor(platform, at, { chain, known }),
    consoleSettings(platform, at, chain),
  ])
  return { names, trust, values, console }
}

async function madeOf(
  platform: Platform,
  row: DeploymentRow,
  { signal, parts, given }: Under & { given: Promise<Given> },
): Promise<Made> {
  const { names, trust, values, console } = await given
  const build = await buildOf(platform, row, { service: names.service, trust, signal, parts })
  const { keepsData, locked } = build
  const said = { ...console, ...build.settings }
  const settings = keepsData ? runOnce(said) : said
  const plan = planOf(row, names, { build, values, settings, keepsData })
  platform.places.instances.spares.stage(plan)
  return {
    plan,
    record: {
      buildId: build.id,
      keepsData,
      settings,
      locked,
      variables: platform.seal.seal(JSON.stringify(values), sealedVariables(row.id)),
    },
  }
}

function unlessNotKept(error: unknown): undefined {
  if (!isPlatformError(error) || error.code !== 'not_found') throw error
}

export async function make(
  platform: Platform,
  row: DeploymentRow,
  { signal, parts, making }: Under & { making?: Making | undefined },
): Promise<Made | null> {
  // Carried on after a restart of the runtime. A build of which not all was on the disk yet is made again.
  const carriedOn =
    row.state !== 'queued' && row.variables !== null ? await readPlan(platform, row.id).catch(unlessNotKept) : undefined
  if (carriedOn) return { plan: carriedOn }
  const { made } = making ?? beginMaking(platform, row, { signal, parts })
  if (row.state === 'queued' && !(await advance(platform, row.id, 'building'))) return null
  const done = await made
  signal.throwIfAborted()
  return done
}

/** A promoted revision comes with the build that it was tried with, where that is trusted; else it is built again. */
async function buildOf(
  platform: Platform,
  row: DeploymentRow,
  asked: Parameters<typeof buildRevision>[2],
): Promise<Build> {
  if (row.promotionId === null || row.buildId === null) return buildRevision(platform, row, asked)
  const tried = await platform.builds.read(row.buildId).catch(unlessNotKept)
  if (tried?.trust !== undefined && asked.trust.reads.includes(tried.trust)) return tried
  return buildRevision(platform, row, {
    ...asked,
    note: `building ${row.commit.slice(0, 7)} again here: builds of less trusted environments are not used`,
  })
}

export async function keepBuild({ db }: Platform, row: DeploymentRow, record: BuildRecord): Promise<void> {
  await db.update(deployments).set(record).where(eq(deployments.id, row.id))
}

/**
 * What would be withheld from it is known before anything is built. A rollback runs with the variables of that time.
 * @throws PlatformError `not_in_this_state` naming what must be set
 */
async function valuesFor(
  platform: Platform,
  { restoresId, ...at }: Going,
  { chain, known }: { chain: Promise<EnvironmentRow[]>; known: Promise<Names> },
): Promise<Values> {
  if (restoresId != null) return (await readPlan(platform, restoresId)).values
  const { given, withheld } = await effectiveVariables(platform, at, chain)
  if (withheld.length > 0) {
    const { environment, service } = await known
    requireNothingWithheld(environment, [{ service, withheld }])
  }
  return openValues(platform, given)
}
