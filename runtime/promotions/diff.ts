import { eq, inArray } from 'drizzle-orm'
import { breakingOf } from '#contract/compatibility.ts'
import { PlatformError } from '#contract/errors.ts'
import { keeperOf } from '#contract/overlay-secrets.ts'
import type { EnvironmentDiff } from '#contract/promotions.ts'
import { deployments as table, services } from '#db/schema.ts'
import type { Deployments } from '../deployments/deployments.ts'
import { type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import type { Place } from '../instances/place.ts'
import type { Platform } from '../platform.ts'
import { changesBetween, impactOf } from '../sharing/dependants.ts'
import { diffVariables } from '../variables/diff.ts'
import { candidatesOf, servingIn } from './candidates.ts'
import { checksOf } from './checks.ts'
import { contentsOf, seenOf } from './contents.ts'

type Row = Omit<EnvironmentDiff['services'][number], 'seen'>

/** One environment against another: the services that they serve differently or have copies of, and the variables that differ. */
export async function diffEnvironments(
  platform: Platform,
  deployments: Deployments,
  { environmentId, againstId }: { environmentId: string; againstId: string | null },
): Promise<EnvironmentDiff> {
  const chain = await environmentChain(platform.db, environmentId)
  const [here, parent] = chain
  const other = againstId === null ? chain.slice(1) : await environmentChain(platform.db, againstId)
  const [there] = other
  if (!here || !there)
    throw new PlatformError('not_in_this_state', `${here?.name ?? 'this'} has no parent to compare it with`, {
      fix: 'Give the other environment.',
    })
  if (there.teamId !== here.teamId) throw new PlatformError('not_found', 'this environment does not exist')
  const names = await platform.db
    .select({ id: services.id, name: services.name })
    .from(services)
    .where(eq(services.teamId, here.teamId))
  const compared = names
    .map(({ id, name }) => ({
      serviceId: id,
      service: name,
      mine: servingIn(platform, chain, id),
      theirs: servingIn(platform, other, id),
    }))
    .filter(({ mine, theirs }) => mine ?? theirs)
  const told = compared.filter(
    ({ mine, theirs }) =>
      mine?.plan.commit !== theirs?.plan.commit ||
      (mine?.environmentId === here.id && here.parentId !== null) ||
      (theirs?.environmentId === there.id && there.parentId !== null),
  )
  const isParent = there.id === parent?.id
  const candidates = isParent ? await candidatesOf(platform, here.id, null) : null
  const [rows, variables, checks, contents] = await Promise.all([
    compareCopies(platform, told, { here, there }),
    diffVariables(platform, { here: chain, there: other, services: names }),
    candidates ? checksOf(platform, deployments, candidates) : [],
    candidates ? contentsOf(platform, candidates) : [],
  ])
  const seen = new Map(contents.map((content) => [content.serviceId, seenOf(content)]))
  return {
    environment: here.name,
    against: there.name,
    isParent,
    generation: there.generation,
    services: rows.map((row) => ({ ...row, seen: seen.get(row.serviceId) ?? null })),
    same: compared.length - told.length,
    variables,
    unreachable: unreachableIn(platform, here, compared),
    checks,
  }
}

function unreachableIn(
  { routing }: Platform,
  here: EnvironmentRow,
  compared: readonly Compared[],
): EnvironmentDiff['unreachable'] {
  return compared
    .flatMap(({ serviceId, service, mine }) => {
      const keeper =
        mine === null || mine.environmentId === here.id
          ? undefined
          : keeperOf(mine, (id) => routing.table.environments[id])
      return mine === null || keeper === undefined
        ? []
        : [{ serviceId, service, from: mine.plan.environment, keeper: keeper.name }]
    })
    .sort((a, b) => a.service.localeCompare(b.service))
}

interface Compared {
  serviceId: string
  service: string
  mine: Place | null
  theirs: Place | null
}

async function compareCopies(
  platform: Platform,
  told: readonly Compared[],
  { here, there }: { here: EnvironmentRow; there: EnvironmentRow },
): Promise<Row[]> {
  const ids = told.flatMap(({ mine, theirs }) => [mine, theirs].flatMap((place) => place?.plan.deploymentId ?? []))
  const found = await platform.db
    .select({ id: table.id, message: table.message, by: table.byName, at: table.createdAt })
    .from(table)
    .where(inArray(table.id, ids))
  const byId = new Map(found.map((row) => [row.id, row]))
  const copyOf = (place: Place | null, environment: EnvironmentRow): Row['here'] => {
    if (!place) return null
    const { commit, deploymentId, environment: from } = place.plan
    const known = byId.get(deploymentId)
    return {
      from,
      own: place.environmentId === environment.id,
      revision: commit.slice(0, 7),
      commit,
      message: known?.message ?? '',
      by: known?.by ?? '',
      at: known?.at ?? 0,
    }
  }
  const rows: Row[] = []
  const queue = [...told]
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let one = queue.shift(); one; one = queue.shift()) {
        const { serviceId, service, mine, theirs } = one
        rows.push({
          serviceId,
          service,
          here: copyOf(mine, here),
          there: copyOf(theirs, there),
          ...(await relationOf(platform, one)),
          impacts: await impactsOf(platform, one),
        })
      }
    }),
  )
  return rows.sort((a, b) => a.service.localeCompare(b.service))
}

async function impactsOf(platform: Platform, { serviceId, mine, theirs }: Compared): Promise<Row['impacts']> {
  if (!mine || !theirs) return []
  return impactOf(
    platform,
    serviceId,
    breakingOf(await changesBetween(platform.db, serviceId, theirs.plan.commit, mine.plan.commit)),
  )
}

async function relationOf(
  { source }: Platform,
  { serviceId, mine, theirs }: Compared,
): Promise<Pick<Row, 'relation' | 'ahead' | 'behind'>> {
  if (!mine || !theirs) return { relation: mine ? 'only here' : 'only there', ahead: 0, behind: 0 }
  const { ahead, behind } = await source.history.apart({
    serviceId,
    ours: mine.plan.commit,
    theirs: theirs.plan.commit,
  })
  return {
    relation: ahead > 0 && behind > 0 ? 'diverged' : ahead > 0 ? 'ahead' : behind > 0 ? 'behind' : 'same',
    ahead,
    behind,
  }
}
