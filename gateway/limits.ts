import { PlatformError } from '#contract/errors.ts'
import type { Service } from './routes/entities.ts'

interface Window {
  minute: number
  now: number
  before: number
}

const windowMs = 60_000
/** Callers that are remembered; those of this minute and the last are. */
const most = 50_000

/**
 * How often other teams have called a service within the last minute, in memory: the last whole minute counts by as much of it
 * as still lies within sixty seconds, so that nobody has twice their calls around the turn of a minute.
 */
export class Limits {
  private readonly windows = new Map<string, Window>()
  private readonly clock: () => number

  constructor(clock: () => number = Date.now) {
    this.clock = clock
  }

  /**
   * Counts one call of a team, or, of those whose team is not known, of an address.
   * @throws PlatformError `rate_limited` with `data.retryAfter`, in seconds; then it is not counted
   */
  take(service: Service, teamId: string | undefined, address: string | undefined): void {
    const { limit } = service
    const perMinute =
      teamId !== undefined && limit !== undefined && Object.hasOwn(limit.teams, teamId)
        ? limit.teams[teamId]
        : limit?.perMinute
    if (perMinute === undefined || perMinute === null) return
    const at = this.clock()
    const window = this.window(`${service.id}/${teamId ?? `@${address ?? ''}`}`, Math.floor(at / windowMs))
    const left = 1 - (at % windowMs) / windowMs
    if (window.now + window.before * left + 1 <= perMinute) {
      window.now++
      return
    }
    const retryAfter = waitOf(window, { perMinute, left })
    throw new PlatformError(
      'rate_limited',
      `${service.name} accepts ${perMinute} calls a minute from ${teamId === undefined ? 'each caller' : 'each other team'}`,
      {
        fix: `Retry in ${retryAfter} s, call less often, or ask its team for a higher limit.`,
        data: { retryAfter, perMinute },
      },
    )
  }

  private window(key: string, minute: number): Window {
    const known = this.windows.get(key)
    if (known?.minute === minute) return known
    if (known === undefined && this.windows.size >= most) this.forget(minute)
    const made = { minute, now: 0, before: known?.minute === minute - 1 ? known.now : 0 }
    this.windows.set(key, made)
    return made
  }

  /** Those that have not called in this minute or the last; when all have, the ones that came first. */
  private forget(minute: number): void {
    for (const [key, window] of this.windows) if (window.minute < minute - 1) this.windows.delete(key)
    for (const key of this.windows.keys()) {
      if (this.windows.size < most) return
      this.windows.delete(key)
    }
  }
}

/** Whole seconds until one call more fits. */
function waitOf({ now, before }: Window, { perMinute, left }: { perMinute: number; left: number }): number {
  const restMs = left * windowMs
  // Within this minute, as the last one passes away; else in the next, as this one does.
  const share = before > 0 ? (perMinute - 1 - now) / before : -1
  const ms =
    share >= 0 ? (left - share) * windowMs : restMs + Math.max(0, 1 - (perMinute - 1) / Math.max(1, now)) * windowMs
  return Math.max(1, Math.ceil(ms / 1000))
}
