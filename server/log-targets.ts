import { PlatformError } from '#contract/errors.ts'
import { type AtEnvironment, isInScope } from './authorize.ts'
import type { Viewer, Web } from './web.ts'

export interface LogTarget {
  serviceId: string
  environmentId: string
  service: string
  environment: string
}

/**
 * Whose lines are meant: of the services named, or of all in the environment when none is. A service that the environment
 * inherits is heard where it runs. Only what the viewer's token reaches.
 * @throws PlatformError `not_found` naming the first service that is not there
 */
export async function logTargets(
  web: Pick<Web, 'runtime'>,
  viewer: Viewer,
  { at, names }: { at: AtEnvironment; names: string[] },
): Promise<LogTarget[]> {
  const asker = { actor: viewer.actor }
  const [all, environments] = await Promise.all([
    web.runtime.call('services.list', { teamId: at.teamId, environmentId: at.environmentId }, asker),
    web.runtime.call('environments.list', { teamId: at.teamId }, asker),
  ])
  const own = all.filter((service) => service.teamId === at.teamId && isInScope(viewer, { serviceId: service.id }))
  const chosen =
    names.length === 0
      ? own
      : await Promise.all(
          names.map(async (name) => {
            const known = own.find((service) => service.name === name)
            if (known !== undefined) return known
            // A former name leads to the service as well.
            const found = await web.runtime.call(
              'access.resolve',
              { userId: viewer.person.id, team: at.team, service: name },
              asker,
            )
            const renamed = own.find((service) => service.id === found.serviceId)
            if (renamed !== undefined) return renamed
            throw new PlatformError('not_found', `service ${name} does not exist`)
          }),
        )
  return chosen.flatMap((service) => {
    const runsIn = environments.find(({ name }) => name === service.from)?.id ?? at.environmentId
    return [...new Set([at.environmentId, runsIn])]
      .filter((environmentId) => isInScope(viewer, { environmentId }))
      .map((environmentId) => ({
        serviceId: service.id,
        environmentId,
        service: service.name,
        environment: environments.find(({ id }) => id === environmentId)?.name ?? at.environment,
      }))
  })
}

/** Only the ids, as the runtime's procedures take them. */
export const idsOf = (targets: LogTarget[]) =>
  targets.map(({ serviceId, environmentId }) => ({ serviceId, environmentId }))

/** How the runtime names the log of a target. */
export const logOf = ({ serviceId, environmentId }: Pick<LogTarget, 'serviceId' | 'environmentId'>): string =>
  `${serviceId}/${environmentId}`

/** More logs than anyone reads together. */
const mostPositions = 2_000

/** Positions come by `{service}/{environment}`, as lines say where they are from, perhaps by a name that the service had then; the runtime takes ids. */
export async function positionsById(
  web: Pick<Web, 'runtime'>,
  viewer: Viewer,
  {
    team,
    targets,
    positions,
  }: { team: string; targets: readonly LogTarget[]; positions: Readonly<Record<string, number>> },
): Promise<Record<string, number>> {
  const found = new Map<string, number>()
  const former = new Map<string, Promise<string | null>>()
  const idOf = (service: string) =>
    web.runtime.call('access.resolve', { userId: viewer.person.id, team, service }, { actor: viewer.actor }).then(
      ({ serviceId }) => serviceId,
      () => null,
    )
  const byName = new Map(targets.map((target) => [`${target.service}/${target.environment}`, target]))
  for (const [name, seq] of Object.entries(positions).slice(0, mostPositions)) {
    const [service = '', environment = ''] = name.split('/')
    if (!byName.has(name) && !former.has(service)) former.set(service, idOf(service))
    const id = await former.get(service)
    const target = byName.get(name) ?? targets.find((one) => one.environment === environment && one.serviceId === id)
    if (target !== undefined) found.set(logOf(target), Math.max(found.get(logOf(target)) ?? 0, seq))
  }
  return Object.fromEntries(found)
}
