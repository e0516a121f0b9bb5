const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** "just now", "4 min ago", "in 3 h", and, for what is a month away, "12 Mar 2026" in the given time zone. */
export function relativeTime(at: number, now: number, zone = 'UTC'): string {
  const past = now - at
  const away = Math.abs(past)
  // The clock that screens share moves every ten seconds, so that what has just happened may be ahead of it.
  if (away < 12_000) return 'just now'
  if (away >= 30 * day)
    return new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: zone })
  return past >= 0 ? `${span(away)} ago` : `in ${spanLeft(away)}`
}

/** What is left, to the nearest unit: 72 h that began a second ago are "3 d". */
function spanLeft(ms: number): string {
  const unit = ms < 59.5 * minute ? minute : ms < 47.5 * hour ? hour : day
  return ms < minute ? span(ms) : span(Math.round(ms / unit) * unit)
}

/** "36 h", "2 d": one unit, for ages and what is left. */
export function span(ms: number): string {
  if (ms < minute) return `${Math.floor(ms / 1000)} s`
  if (ms < hour) return `${Math.floor(ms / minute)} min`
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`
  return `${Math.floor(ms / day)} d`
}

/** "38 ms", "1.24 s", "2 min 5 s". `running` keeps one decimal, so that the number does not flicker in width. */
export function spokenDuration(ms: number, running = false): string {
  if (running && ms < minute) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`
  if (ms < minute) return `${(ms / 1000).toFixed(1)} s`
  if (ms < hour) return `${Math.floor(ms / minute)} min ${Math.floor((ms % minute) / 1000)} s`
  return `${Math.floor(ms / hour)} h ${Math.floor((ms % hour) / minute)} min`
}
