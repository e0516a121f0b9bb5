import { mayDo } from '#contract/permissions.ts'
import { roleOn } from '../access/resolve.ts'
import type { Platform } from '../platform.ts'
import type { Terminals } from './terminals.ts'

/**
 * Ends the terminals of who is removed from a team, or may no longer look inside its instances: web lets go of what it shows,
 * but what runs in one would go on for as long as it is idle. Gives what ends the watching.
 */
export function closeForRemoved(
  { db, events, places, log }: Pick<Platform, 'db' | 'events' | 'places' | 'log'>,
  terminals: Terminals,
): () => void {
  return events.listen((event) => {
    if (event.type !== 'team') return
    const { teamId } = event
    const inTeam = new Set(
      places.instances
        .all()
        .filter((one) => one.teamId === teamId)
        .map(({ id }) => id),
    )
    const closeAll = async () => {
      for (const userId of terminals.users((instanceId) => inTeam.has(instanceId))) {
        const role = await roleOn({ db }, teamId, userId)
        if (mayDo('service.exec', { signedIn: true, operator: false, role: role ?? undefined })) continue
        await terminals.closeAll((terminal) => terminal.userId === userId && inTeam.has(terminal.instanceId))
      }
    }
    closeAll().catch((error: unknown) =>
      log.error({ err: error, teamId }, 'terminals of who was removed could not be closed'),
    )
  })
}
