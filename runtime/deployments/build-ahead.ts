import { trustOf } from '../builds/trust.ts'
import { environmentChain } from '../environments/environments.ts'
import type { Platform } from '../platform.ts'
import type { DraftKey } from '../source/drafts.ts'
import { exportOf } from './build.ts'

/** Beyond these, building takes the disk and the processor from those who type. */
const most = { files: 200, bytes: 4 * 2 ** 20 }

const under = new Map<string, { again: boolean }>()

/**
 * What somebody has just saved is transformed while they look at it, so that its deployment need not: only where it runs
 * already, as Node's, and nothing is installed or run for it. In the background; of what is saved meanwhile the last counts.
 */
export function buildAhead(platform: Platform, key: DraftKey): void {
  const place = platform.places.get({ serviceId: key.serviceId, environmentId: key.environment })
  if (place?.plan.build.heldCommand === undefined) return
  const name = `${key.serviceId} ${key.userId} ${key.environment}`
  const before = under.get(name)
  if (before) return void (before.again = true)
  const work = { again: false }
  under.set(name, work)
  void build(platform, key, { teamId: place.teamId, name: place.plan.service })
    .catch((error: unknown) =>
      platform.log.warn({ err: error, service: key.serviceId }, 'a draft could not be built ahead of its deployment'),
    )
    .finally(() => {
      under.delete(name)
      if (work.again) buildAhead(platform, key)
    })
}

async function build(
  platform: Platform,
  key: DraftKey,
  { teamId, name }: { teamId: string; name: string },
): Promise<void> {
  const { source, builds, places } = platform
  const at = { serviceId: key.serviceId, environmentId: key.environment }
  const { tree } = await source.drafts.open(key)
  const { files, treeHash } = await source.trees.of({ serviceId: key.serviceId, commit: tree })
  if (files.length > most.files || files.reduce((sum, { size }) => sum + size, 0) > most.bytes) return
  const built = await builds.ahead({
    ...at,
    teamId,
    trust: trustOf(await environmentChain(platform.db, key.environment)),
    name,
    treeHash,
    exportTree: exportOf(platform, at, tree),
  })
  const place = places.get(at)
  if (built && place) places.instances.spares.stage({ ...place.plan, build: built })
}
