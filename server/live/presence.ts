import { PlatformError } from '#contract/errors.ts'
import type { Presence } from '#contract/live.ts'

interface Seat {
  presence: Presence
  tell: (all: Presence[]) => void
}
interface Room {
  seats: Map<string, Seat>
  pause: NodeJS.Timeout | undefined
  changed: boolean
}

const mostOfPerson = 8
/** Seats of a room that others are shown; of more, the newest are not. */
const mostShown = 64
/** Between two lists of one room. */
const pauseMs = 200

/** Who looks at which service. Nothing of it is kept: it is true while the sockets are open. */
export class PresenceRooms {
  readonly #rooms = new Map<string, Room>()

  /** @throws PlatformError `rate_limited` when this person has too many seats in the room */
  join(name: string, seatId: string, seat: Seat): void {
    const room = this.#rooms.get(name) ?? { seats: new Map<string, Seat>(), pause: undefined, changed: false }
    let own = 0
    for (const { presence } of room.seats.values()) if (presence.person.id === seat.presence.person.id) own += 1
    if (own >= mostOfPerson)
      throw new PlatformError('rate_limited', `a person can open a service in at most ${mostOfPerson} tabs`, {
        fix: 'Close some tabs.',
      })
    this.#rooms.set(name, room)
    room.seats.set(seatId, seat)
    this.#changed(room)
  }

  say(name: string, seatId: string, value: Pick<Presence, 'path' | 'editing'>): void {
    const room = this.#rooms.get(name)
    const seat = room?.seats.get(seatId)
    if (room === undefined || seat === undefined) return
    seat.presence = { ...seat.presence, ...value }
    this.#changed(room)
  }

  leave(name: string, seatId: string): void {
    const room = this.#rooms.get(name)
    if (!room?.seats.delete(seatId)) return
    if (room.seats.size === 0) {
      this.#rooms.delete(name)
      clearTimeout(room.pause)
    } else this.#changed(room)
  }

  /** The first change is told at once, those of the pause after it together. */
  #changed(room: Room): void {
    room.changed = true
    if (room.pause !== undefined) return
    room.changed = false
    room.pause = setTimeout(() => {
      room.pause = undefined
      if (room.changed) this.#changed(room)
    }, pauseMs).unref()
    const all: Presence[] = []
    for (const { presence } of room.seats.values()) if (all.push(presence) >= mostShown) break
    for (const { tell } of room.seats.values()) tell(all)
  }
}
