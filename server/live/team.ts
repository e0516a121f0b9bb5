import type { PlatformEvent } from '#contract/records.ts'
import { authorize, isInScope } from '../authorize.ts'
import { inReach } from '../routers/promotions.ts'
import { gone, type Input, type Place, type Running } from './subscription.ts'

const mostWaiting = 500

export async function followTeam(
  { web, events, viewer, sink, signal }: Place,
  { team, since }: Input<'team'>,
): Promise<Running> {
  const { teamId } = await authorize(web, viewer, 'team.read', { team }, { listing: true })
  if (signal.aborted) throw gone()
  let waiting: PlatformEvent[] = []
  let wake = () => {}
  const take = (event: PlatformEvent) => {
    if (!isInScope(viewer, scopeOf(event))) return
    const [reached] =
      event.type === 'promotion'
        ? inReach(viewer, event.promotion).map((promotion) => ({ ...event, promotion }))
        : [event]
    if (reached === undefined) return
    waiting.push(reached)
    // Who reads too slowly to be told of each change looks again instead.
    if (waiting.length > mostWaiting) {
      waiting = []
      sink.resync()
    }
    wake()
  }
  const off = events.on(teamId, take)
  // What has changed since the page was made is not on it.
  const missed = since === undefined ? [] : events.since(since, teamId)
  if (missed === null) sink.resync()
  else missed.forEach(take)
  signal.addEventListener(
    'abort',
    () => {
      off()
      wake()
    },
    { once: true },
  )
  return { done: pump() }

  async function pump(): Promise<void> {
    while (!signal.aborted) {
      if (waiting.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      const batch = waiting.splice(0)
      if (batch.length > 0 && !signal.aborted) await sink.items(batch)
    }
  }
}

function scopeOf(event: PlatformEvent): { serviceId?: string; environmentId?: string | null } {
  if (event.type === 'deployment') return event.deployment
  if (event.type === 'service' || event.type === 'draft')
    return { serviceId: event.serviceId, environmentId: event.environmentId }
  if (event.type === 'promotion') return { environmentId: event.promotion.intoId }
  return event.type === 'environment' ? { environmentId: event.environmentId } : {}
}
