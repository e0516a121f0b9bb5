import { createHash } from 'node:crypto'
import { inArray } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { PromotedContent, PromotionChange } from '#contract/promotions.ts'
import { deployments, variables } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { consoleSettings } from '../services/settings.ts'
import { type Effective, resolveVariables } from '../variables/effective.ts'
import { type Candidate, type Candidates, candidatesOf } from './candidates.ts'

/** What a comparison shows of each service that could be promoted, as it is at this moment. */
export async function contentsOf(
  platform: Platform,
  { from, above, all }: Pick<Candidates, 'from' | 'above'> & { all: readonly Candidate[] },
): Promise<PromotedContent[]> {
  const moving = all.flatMap(({ serviceId, own, there }) => (own === null ? [] : [{ serviceId, own, there }]))
  const into = above[0]
  if (moving.length === 0 || into === undefined) return []
  const chain = [from, ...above]
  const rows = await platform.db
    .select()
    .from(variables)
    .where(
      inArray(
        variables.environmentId,
        chain.map(({ id }) => id),
      ),
    )
  const byService = Map.groupBy(rows, (row) => row.serviceId)
  return Promise.all(
    moving.map(async ({ serviceId, own, there }): Promise<PromotedContent> => {
      const ofService = byService.get(serviceId) ?? []
      const settings = await consoleSettings(platform, { serviceId, environmentId: into.id }, Promise.resolve(above))
      return {
        serviceId,
        commit: own.plan.commit,
        buildId: own.plan.build.id,
        parent: there?.plan.commit ?? null,
        variables: hashOf([chain, above].map((line) => spoken(resolveVariables(line, ofService)))),
        settings: hashOf(Object.entries(settings).sort(([a], [b]) => a.localeCompare(b))),
      }
    }),
  )
}

/** Names one service's content, or all of a request's. */
export const seenOf = (content: PromotedContent): string =>
  hashOf([content.serviceId, content.commit, content.buildId, content.parent, content.variables, content.settings])
export const seenOfAll = (contents: readonly PromotedContent[]): string => hashOf(contents.map(seenOf).sort())

/**
 * @param seen by service id, as a comparison named it
 * @throws PlatformError `conflict` when what is there now is not exactly what was seen
 */
export async function requireSeen(
  platform: Platform,
  { from, into, all }: Candidates,
  { seen, now }: { seen: Readonly<Record<string, string>>; now: readonly PromotedContent[] },
): Promise<void> {
  // What the parent serves already does not move, whether it was looked at or not.
  const added = now.filter(({ serviceId, commit, parent }) => !(serviceId in seen) && commit !== parent)
  const other = Object.keys(seen).filter(
    (id) => !now.some((content) => content.serviceId === id && seenOf(content) === seen[id]),
  )
  if (added.length === 0 && other.length === 0) return
  const by = await deployersOf(platform, all)
  throw changedSince(from.name, [
    ...other.map((id) => {
      const here = now.find(({ serviceId }) => serviceId === id)
      return {
        service: nameOf(platform, id),
        what: [
          here === undefined
            ? `${from.name} no longer has an override`
            : `${from.name} has ${short(here.commit)}${by(id)}, ${into?.name} has ${short(here.parent)}; the revisions, variables or settings changed since you looked`,
        ],
      }
    }),
    ...added.map(({ serviceId }) => ({
      service: nameOf(platform, serviceId),
      what: [`it was not part of the comparison; ${from.name} has it${by(serviceId)}`],
    })),
  ])
}

/** What of these contents is otherwise by now, in words. */
export async function changesOf(
  platform: Platform,
  environmentId: string,
  before: readonly PromotedContent[],
): Promise<PromotionChange[]> {
  const candidates = await candidatesOf(
    platform,
    environmentId,
    before.map(({ serviceId }) => serviceId),
  )
  const { from, into, all } = candidates
  const now = await contentsOf(platform, candidates)
  const by = await deployersOf(platform, all)
  return before.flatMap((then): PromotionChange[] => {
    const here = now.find(({ serviceId }) => serviceId === then.serviceId)
    const service = nameOf(platform, then.serviceId)
    if (here === undefined) return [{ service, what: [`${from.name} no longer has an override`] }]
    const what = [
      ...(here.commit !== then.commit
        ? [`${from.name} has revision ${short(here.commit)}${by(then.serviceId)}, it had ${short(then.commit)}`]
        : here.buildId !== then.buildId
          ? [`${from.name} has another build of ${short(here.commit)}${by(then.serviceId)}`]
          : []),
      ...(here.parent !== then.parent
        ? [`${into?.name} has revision ${short(here.parent)}, it had ${short(then.parent)}`]
        : []),
      ...(here.variables !== then.variables ? [`variables in ${from.name} or ${into?.name} changed`] : []),
      ...(here.settings !== then.settings ? [`settings in ${into?.name} changed`] : []),
    ]
    return what.length === 0 ? [] : [{ service, what }]
  })
}

async function deployersOf({ db }: Platform, all: readonly Candidate[]): Promise<(serviceId: string) => string> {
  const ids = all.flatMap(({ own }) => own?.plan.deploymentId ?? [])
  const found =
    ids.length === 0
      ? []
      : await db
          .select({ serviceId: deployments.serviceId, by: deployments.byName })
          .from(deployments)
          .where(inArray(deployments.id, ids))
  return (serviceId) => {
    const by = found.find((row) => row.serviceId === serviceId)?.by
    return by === undefined ? '' : ` by ${by}`
  }
}

const nameOf = ({ routing }: Platform, serviceId: string): string =>
  routing.table.services[serviceId]?.name ?? 'a deleted service'

/** @param changes at least one */
export function changedSince(environment: string, changes: readonly PromotionChange[]): PlatformError {
  const [first] = changes
  const more = changes.length > 1 ? ` (and ${changes.length - 1} more)` : ''
  return new PlatformError(
    'conflict',
    `${environment} changed since you looked: ${first?.service}: ${first?.what.join('; ')}${more}`,
    {
      fix: 'Compare the environments again, then retry.',
      data: { changes },
    },
  )
}

/** Without values, which could be guessed from a hash: a variable that was set again counts as another. */
function spoken({ given, withheld, removed }: ReturnType<typeof resolveVariables>): unknown {
  const one = ({ row, environment }: Effective) => [
    row.name,
    row.secret,
    row.updatedAt,
    row.inheritable,
    environment.id,
  ]
  return [given.map(one), withheld.map(one), removed.map(one)]
}

const short = (commit: string | null): string => commit?.slice(0, 7) ?? 'none'
const hashOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')
