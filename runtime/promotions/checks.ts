import { and, isNull, eq, inArray } from 'drizzle-orm'
import { breakingOf } from '#contract/compatibility.ts'
import { PlatformError } from '#contract/errors.ts'
import { spokenImpacts } from '#contract/impact-words.ts'
import type { PromotionCheck } from '#contract/promotions.ts'
import { promotions, variables } from '#db/schema.ts'
import type { Deployments } from '../deployments/deployments.ts'
import type { Platform } from '../platform.ts'
import { changesBetween, impactOf } from '../sharing/dependants.ts'
import type { Candidate, Candidates } from './candidates.ts'

interface Surroundings extends Candidates {
  platform: Platform
  deployments: Deployments
  intoName: string
  /** Names of variables that are set where the copy is, and not where it goes, by service. */
  missing: ReadonlyMap<string, string[]>
  /** What would break for whom, in words, by service. */
  breaks: ReadonlyMap<string, string>
}

interface Check {
  code: PromotionCheck['code']
  stops: boolean
  /** Why not, or what is to be known; null when there is nothing to say. */
  look: (one: Candidate, around: Surroundings) => string | null
  fix: (one: Candidate, around: Surroundings) => string | null
}

/** What is looked at for each service, in this order; the first that stops it is told alone. */
const table: readonly Check[] = [
  {
    code: 'not_own',
    stops: true,
    look: ({ own }, { from }) => (own === null ? `${from.name} has no override of it` : null),
    fix: (_, { from }) => `Deploy it to ${from.name} first.`,
  },
  {
    code: 'same',
    stops: false,
    look: ({ own, there }, { intoName }) =>
      own !== null && own.plan.commit === there?.plan.commit ? `this revision is already live in ${intoName}` : null,
    fix: () => null,
  },
  {
    code: 'deploying',
    stops: true,
    look: (one, { deployments, from, into, intoName }) =>
      deployments.isUnderWay({ serviceId: one.serviceId, environmentId: from.id })
        ? `it is being deployed to ${from.name}`
        : into && deployments.isUnderWay({ serviceId: one.serviceId, environmentId: into.id })
          ? `it is being deployed to ${intoName}`
          : null,
    fix: () => 'Wait until it is live.',
  },
  {
    code: 'not_live',
    stops: true,
    look: ({ own }, { from }) =>
      own?.crashing ? `it crashes in ${from.name}` : own?.wanted === 'stopped' ? `it is stopped in ${from.name}` : null,
    fix: (_, { from }) => `Fix it in ${from.name}, or exclude it.`,
  },
  {
    code: 'lacks',
    stops: true,
    look: ({ lacks, there }, { intoName }) =>
      lacks && there ? `it lacks changes that are live in ${intoName} (${there.plan.commit.slice(0, 7)})` : null,
    fix: (_, { from, intoName }) =>
      `Merge ${intoName} into ${from.name} and test it there: m3o env promote ${from.name} --merge.`,
  },
  {
    code: 'missing_variable',
    stops: false,
    look: ({ serviceId }, { missing, intoName }) =>
      missing.has(serviceId)
        ? `${missing.get(serviceId)?.join(', ')} ${missing.get(serviceId)?.length === 1 ? 'is' : 'are'} not set in ${intoName}`
        : null,
    fix: (_, { intoName }) => `Variables are not promoted: set it in ${intoName} if the service needs it there.`,
  },
  {
    code: 'breaks',
    stops: false,
    look: ({ serviceId }, { breaks }) => breaks.get(serviceId) ?? null,
    fix: () => 'Tell its callers, or keep the old fields.',
  },
  {
    code: 'interrupts',
    stops: false,
    look: ({ own }, { intoName }) =>
      own?.plan.keepsData ? `it stores data, so its calls in ${intoName} wait during the switch` : null,
    fix: () => null,
  },
  {
    code: 'keeps_copy',
    stops: false,
    look: ({ stays }, { from }) => (stays === null ? null : `its override stays in ${from.name}: ${stays}`),
    fix: () => null,
  },
]

/** Everything that stands in the way of a promotion, and what one should know of it. */
export async function checksOf(
  platform: Platform,
  deployments: Deployments,
  candidates: Candidates,
): Promise<PromotionCheck[]> {
  const { from, into, all } = candidates
  const about = (code: PromotionCheck['code'], message: string, fix: string | null): PromotionCheck => ({
    code,
    service: null,
    stops: true,
    message,
    fix,
  })
  if (!into)
    return [about('no_parent', `${from.name} has no parent to promote to`, 'Choose an environment that has a parent.')]
  if (all.length === 0) return [about('nothing_own', `${from.name} has no overrides`, `Deploy to ${from.name} first.`)]
  const around: Surroundings = {
    ...candidates,
    platform,
    deployments,
    intoName: into.name,
    missing: await missingVariables(platform, candidates),
    breaks: await breaksOf(platform, candidates),
  }
  const checks: PromotionCheck[] = []
  const [other] = await platform.db
    .select({ by: promotions.byName })
    .from(promotions)
    .where(and(eq(promotions.intoId, into.id), isNull(promotions.endedAt)))
  if (other) checks.push(about('promoting', `${other.by} is promoting to ${into.name}`, 'Wait until it ends.'))
  for (const one of all) {
    for (const check of table) {
      const message = check.look(one, around)
      if (message === null) continue
      checks.push({ code: check.code, service: one.service, stops: check.stops, message, fix: check.fix(one, around) })
      if (check.stops || check.code === 'same') break
    }
  }
  if (all.every(({ own, there }) => own !== null && own.plan.commit === there?.plan.commit)) {
    checks.unshift(about('nothing_own', `all overrides of ${from.name} are already live in ${into.name}`, null))
  }
  return checks
}

/** Endpoints that would be others than those who call them expect. */
async function breaksOf(platform: Platform, { all }: Candidates): Promise<Map<string, string>> {
  const found = await Promise.all(
    all.map(async ({ serviceId, own, there }) => {
      if (own === null || there === null) return undefined
      const impacts = await impactOf(
        platform,
        serviceId,
        breakingOf(await changesBetween(platform.db, serviceId, there.plan.commit, own.plan.commit)),
      )
      return impacts.length === 0 ? undefined : ([serviceId, spokenImpacts(impacts)] as const)
    }),
  )
  return new Map(found.filter((one) => one !== undefined))
}

/** What moves: all that was asked for but what the parent serves already. @throws PlatformError when something stands in the way */
export function whatMoves({ all, from, into }: Candidates, checks: readonly PromotionCheck[]): Candidate[] {
  const stopping = checks.filter(({ stops }) => stops)
  const [first] = stopping
  if (first) {
    const code =
      first.code === 'lacks' || first.code === 'promoting' || first.code === 'deploying'
        ? 'conflict'
        : 'not_in_this_state'
    const rest = stopping.length > 1 ? ` (and ${stopping.length - 1} more)` : ''
    throw new PlatformError(code, `${first.service === null ? '' : `${first.service}: `}${first.message}${rest}`, {
      ...(first.fix !== null && { fix: first.fix }),
      data: {
        checks: stopping,
        ...(stopping.some((check) => check.code === 'lacks') && {
          merge: {
            environment: from.name,
            parent: into?.name,
            services: stopping.flatMap((check) => (check.code === 'lacks' ? (check.service ?? []) : [])),
          },
        }),
      },
    })
  }
  return all.filter(({ own, there }) => own !== null && own.plan.commit !== there?.plan.commit)
}

/** Set for the copy, by its environment, and by none of those above. */
async function missingVariables({ db }: Platform, { from, above, all }: Candidates): Promise<Map<string, string[]>> {
  const rows = await db
    .select({
      serviceId: variables.serviceId,
      environmentId: variables.environmentId,
      name: variables.name,
      value: variables.value,
    })
    .from(variables)
    .where(
      and(
        inArray(
          variables.serviceId,
          all.map(({ serviceId }) => serviceId),
        ),
        inArray(
          variables.environmentId,
          [from, ...above].map(({ id }) => id),
        ),
      ),
    )
  const missing = new Map<string, string[]>()
  for (const row of rows) {
    if (row.environmentId !== from.id || row.value === null) continue
    const nearest = above.flatMap(
      ({ id }) =>
        rows.find(
          (other) => other.environmentId === id && other.serviceId === row.serviceId && other.name === row.name,
        ) ?? [],
    )[0]
    if (nearest === undefined || nearest.value === null)
      missing.set(row.serviceId, [...(missing.get(row.serviceId) ?? []), row.name].sort())
  }
  return missing
}
