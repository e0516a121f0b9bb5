import type { ListedService } from '#contract/records.ts'
import type { Platform } from '../platform.ts'
import { listShared } from './shared.ts'
import { listServices } from './views.ts'

/** A team's own services, then those that others share with it. */
export async function listCatalogue(
  platform: Platform,
  teamId: string,
  environmentId: string,
): Promise<ListedService[]> {
  const [own, shared] = await Promise.all([
    listServices(platform, teamId, environmentId, { usage: false }),
    listShared(platform, teamId, null),
  ])
  return [...own, ...shared].map(
    ({
      instances: _instances,
      settings: _settings,
      pending: _pending,
      locked: _locked,
      contact: _contact,
      perMinute: _perMinute,
      forkedFrom: _forkedFrom,
      endpoints,
      ...listed
    }) => ({ ...listed, endpoints: endpoints.map(({ name }) => name) }),
  )
}
