import type { Presence } from '#contract/live.ts'
import { authorize } from '../authorize.ts'
import { gone, type Input, type Place, type Running } from './subscription.ts'

/** Only the newest list is worth sending: a slow reader skips those between. */
export async function joinPresence(
  { web, viewer, presence, socketId, sink, signal }: Place,
  names: Input<'presence'>,
): Promise<Running> {
  const at = await authorize(web, viewer, 'source.read', names)
  // Unsubscribed meanwhile: a seat would stay for good.
  if (signal.aborted) throw gone()
  const room = `${at.serviceId}/${at.environmentId}`
  let newest: Presence[] | undefined
  let wake = () => {}
  // A tab may have the same service open twice.
  const seat = `${socketId} ${Math.random()}`
  presence.join(room, seat, {
    presence: { socket: socketId, person: viewer.person, path: null, editing: false },
    tell: (all) => {
      newest = all
      wake()
    },
  })
  signal.addEventListener(
    'abort',
    () => {
      presence.leave(room, seat)
      wake()
    },
    { once: true },
  )
  return {
    say: (value) => presence.say(room, seat, value),
    done: (async () => {
      while (!signal.aborted) {
        if (newest === undefined)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        const all = newest
        newest = undefined
        if (all !== undefined && !signal.aborted) await sink.items([all])
      }
    })(),
  }
}
