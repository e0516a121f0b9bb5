import { PlatformError } from '#contract/errors.ts'
import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import type { Deployments } from '../deployments/deployments.ts'
import { environmentChain } from '../environments/environments.ts'
import { audited } from '../audit/audit.ts'
import { pinEnvironment, pinService, unpinEnvironment } from '../environments/pins.ts'
import { letPeopleIn, protectEnvironment } from '../environments/protect.ts'
import type { Platform } from '../platform.ts'
import {
  createFromTemplate,
  deleteService,
  deprecateService,
  renameService,
  updateService,
} from '../services/services.ts'
import { configure } from '../services/settings.ts'
import { listCatalogue } from '../services/catalogue.ts'
import { listShared } from '../services/shared.ts'
import { transferService } from '../services/transfer.ts'
import { findService, getService, listServices, serviceEverywhere } from '../services/views.ts'
import { dependantsOf } from '../sharing/dependants.ts'
import { searchDocuments } from '../sharing/documents.ts'
import { forkService } from '../sharing/fork.ts'
import { replacementOf } from '../sharing/replacement.ts'
import { together } from '../together.ts'
import { activityIn, chartOf } from '../traffic/charts.ts'
import type { Traffic } from '../traffic/traffic.ts'
import {
  deleteVariable,
  listVariables,
  markVariable,
  resetVariable,
  revealSecrets,
  setVariable,
  setVariables,
} from '../variables/variables.ts'

type Part = Pick<
  Handlers<typeof runtimeApi>,
  Extract<
    keyof typeof runtimeApi,
    | `services.${string}`
    | `metrics.${string}`
    | `variables.${string}`
    | `environments.${'reset' | 'protect' | 'letIn' | 'pin' | 'unpin'}`
    | 'instances.wake'
  >
>

const ok = { ok: true } as const

export function serviceHandlers(platform: Platform, traffic: Traffic, deployments: Deployments): Part {
  /** A team's people look at the same one, and read it again at the same moments. */
  const catalogue = together((at) => {
    const [teamId = '', environmentId = ''] = at.split(' ')
    return listCatalogue(platform, teamId, environmentId)
  })
  const activity = together((at) => {
    const [environmentId = '', serviceId] = at.split(' ')
    return activityIn(traffic, { environmentId, serviceId })
  })
  return {
    'services.list': ({ teamId, environmentId }) => listServices(platform, teamId, environmentId),
    'services.catalogue': ({ teamId, environmentId }) => catalogue(`${teamId} ${environmentId}`),
    'services.shared': ({ teamId, name }) => listShared(platform, teamId, name),
    'services.get': (at) => getService(platform, at),
    'services.everywhere': ({ serviceId }) => serviceEverywhere(platform, serviceId),
    'services.create': (input, { actor }) => createFromTemplate(platform, actor, input),
    'services.rename': async ({ serviceId, name }, { actor }) => (
      await renameService(platform, actor, serviceId, name),
      ok
    ),
    'services.update': async ({ serviceId, ...change }, { actor }) => (
      await updateService(platform, actor, serviceId, change),
      ok
    ),
    'services.configure': async ({ settings, ...at }, { actor }) => {
      const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
      await configure(platform, actor, at, given)
      return ok
    },
    'services.deprecate': async ({ teamId, serviceId, deprecation }, { actor }) => {
      if (deprecation === null) return (await deprecateService(platform, actor, serviceId, null), ok)
      const { replacement, message, sunset } = deprecation
      const replacementId = replacement === null ? null : await replacementOf(platform, teamId, replacement)
      await deprecateService(platform, actor, serviceId, { message, sunset, replacementId })
      return ok
    },
    'services.dependants': async ({ serviceId }) => (await traffic.save(), dependantsOf(platform, serviceId)),
    'services.fork': (input, { actor }) => forkService(platform, actor, input),
    'services.search': ({ teamId, query }) => searchDocuments(platform, teamId, query),
    'services.transfer': (input, { actor }) => transferService(platform, deployments, actor, input),
    'services.delete': async ({ serviceId }, { actor }) => (
      await deleteService(platform, deployments, actor, serviceId),
      ok
    ),
    'services.kill': async (at, { actor }) => {
      const service = await findService(platform, at.serviceId)
      const [environment] = await environmentChain(platform.db, at.environmentId)
      const change = {
        teamId: service.teamId,
        action: 'service.kill',
        target: `service ${service.name}`,
        after: { environment: environment?.name },
      }
      await platform.places.kill(at)
      await audited(platform.db, actor, change, async () => {})
      return ok
    },
    'services.traffic': async (at) => ({
      ...traffic.neighbours(at),
      lost: traffic.lost.of(at, platform.routing.table),
      late: traffic.lost.of(at, platform.routing.table, true),
    }),
    'metrics.service': ({ range, by, environmentIds, ...at }) =>
      chartOf(traffic, platform.routing.table, at, { range, by, environmentIds }),
    'metrics.activity': ({ environmentId, serviceId }) =>
      activity(serviceId === null ? environmentId : `${environmentId} ${serviceId}`),
    'instances.wake': async (at) => (await platform.places.wake(at), ok),

    'environments.reset': async (at, { actor }) => {
      const service = await findService(platform, at.serviceId)
      const [environment] = await environmentChain(platform.db, at.environmentId)
      if (environment?.parentId === null) {
        throw new PlatformError('not_in_this_state', `${environment.name} has no parent`, {
          fix: `Stop ${service.name} there instead: m3o kill ${service.name}.`,
        })
      }
      // In a pinned one, too, it is its parent's again: as it is now, and stays so.
      if (environment?.pinned && (await pinService(platform, actor, at))) return ok
      await platform.places.reset(at)
      await audited(
        platform.db,
        actor,
        {
          teamId: service.teamId,
          action: 'environment.reset',
          target: `service ${service.name}`,
          after: { environment: environment?.name },
        },
        async () => {},
      )
      platform.events.emit({ type: 'environment', teamId: service.teamId, environmentId: at.environmentId })
      return ok
    },

    'environments.protect': async (input, { actor }) => (await protectEnvironment(platform, actor, input), ok),
    'environments.letIn': async (input, { actor }) => (await letPeopleIn(platform, actor, input), ok),
    'environments.pin': ({ environmentId }, { actor }) => pinEnvironment(platform, actor, environmentId),
    'environments.unpin': ({ environmentId }, { actor }) => unpinEnvironment(platform, actor, environmentId),

    'variables.list': (at) => listVariables(platform, at),
    'variables.set': async (input, { actor }) => (await setVariable(platform, actor, input), ok),
    'variables.setAll': async ({ variables, ...at }, { actor }) => (
      await setVariables(platform, actor, at, variables),
      ok
    ),
    'variables.delete': async (input, { actor }) => (await deleteVariable(platform, actor, input), ok),
    'variables.reset': async (input, { actor }) => (await resetVariable(platform, actor, input), ok),
    'variables.reveal': (at, { actor }) => revealSecrets(platform, actor, at),
    'variables.mark': async (input, { actor }) => (await markVariable(platform, actor, input), ok),
  }
}
