import { type Duplex, pipeline } from 'node:stream'

/** Two connections become one: each direction is held back by its reader and ended by its end; what breaks one breaks both. */
export function splice(one: Duplex, other: Duplex): void {
  const broken = (error: NodeJS.ErrnoException | null) => {
    if (!error) return
    one.destroy()
    other.destroy()
  }
  pipeline(one, other, broken)
  pipeline(other, one, broken)
}
