'use client'
import { timeIn } from './exact-time.ts'
import { relativeTime, spokenDuration } from './time-words.ts'
import { useNow } from './now.ts'
import { useZone } from './zone.ts'

/** "3 min ago"; the exact time, with its zone, on hover and on focus (time-tips.tsx), also in a row that is a link. */
export function Time({ at, className }: { at: number; className?: string }) {
  const now = useNow()
  const zone = useZone()
  // The server's clock and the browser's differ by a moment.
  return (
    <time
      suppressHydrationWarning
      ref={focusable}
      dateTime={new Date(at).toISOString()}
      data-at={at}
      className={className}
    >
      {relativeTime(at, now, zone)}
    </time>
  )
}

/** "14:03:07", the exact time as for {@link Time}. */
export function ClockTime({
  at,
  how = 'seconds',
  className,
}: {
  at: number
  how?: 'minutes' | 'seconds' | 'fine'
  className?: string
}) {
  const zone = useZone()
  return (
    <time
      dateTime={new Date(at).toISOString()}
      data-at={at}
      data-fine={how === 'fine' || undefined}
      className={className}
    >
      {timeIn(zone, at, how)}
    </time>
  )
}

/** Where no row's focus shows its exact time, it takes the focus itself. */
function focusable(time: HTMLTimeElement | null): void {
  if (time === null) return
  const row = time.closest('tr, li, a, button, [role=option]')
  if (row === null || (row.matches('li') && row.querySelector('[data-row-link]') === null)) time.tabIndex = 0
}

/** How long something took, or has been taking. */
export function Duration({
  ms,
  since,
  className,
}: {
  ms?: number | null
  since?: number | undefined
  className?: string
}) {
  if (ms !== undefined && ms !== null) return <span className={`tabular ${className ?? ''}`}>{spokenDuration(ms)}</span>
  if (since !== undefined) return <Running since={since} className={className} />
  return null
}

function Running({ since, className }: { since: number; className: string | undefined }) {
  const now = useNow('fast')
  return (
    <span suppressHydrationWarning className={`tabular ${className ?? ''}`}>
      {spokenDuration(Math.max(0, now - since), true)}
    </span>
  )
}
