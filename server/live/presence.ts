import type { Presence } from '#contract/live.ts'

interface Seat { presence: Presence; tell: (all: Presence[]) => void }

/** Who looks at which service. Nothing of it is kept: it is true while the sockets are open. */
export class PresenceRooms {
  readonly #rooms = new Map<string, Map<string, Seat>>()

  join(room: string, seatId: string, seat: Seat): void {
    const seats = this.#rooms.get(room) ?? new Map<string, Seat>()
    this.#rooms.set(room, seats.set(seatId, seat))
    this.#tell(room)
  }

  say(room: string, seatId: string, value: Pick<Presence, 'path' | 'editing'>): void {
    const seat = this.#rooms.get(room)?.get(seatId)
    if (seat === undefined) return
    seat.presence = { ...seat.presence, ...value }
    this.#tell(room)
  }

  leave(room: string, seatId: string): void {
    const seats = this.#rooms.get(room)
    if (!seats?.delete(seatId)) return
    if (seats.size === 0) this.#rooms.delete(room)
    this.#tell(room)
  }

  #tell(room: string): void {
    const seats = [...(this.#rooms.get(room)?.values() ?? [])]
    const all = seats.map(({ presence }) => presence)
    for (const { tell } of seats) tell(all)
  }
}
