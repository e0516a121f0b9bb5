'use client'
import { relativeTime, spokenDuration } from './time-words.ts'
import { useNow } from './now.ts'

/** "3 min ago", the exact time on hover. */
export function Time({ at, className }: { at: number; className?: string }) {
  const now = useNow()
  return (
    // The server's clock and the browser's differ by a moment and its time zone is unknown there: the browser's words win.
    <time
      suppressHydrationWarning
      dateTime={new Date(at).toISOString()}
      className={className}
      onPointerEnter={(event) => { event.currentTarget.title = new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' }) }}
    >
      {relativeTime(at, now)}
    </time>
  )
}

/** How long something took, or has been taking. */
export function Duration({ ms, since, className }: { ms?: number | null; since?: number | undefined; className?: string }) {
  if (ms !== undefined && ms !== null) return <span className={`tabular ${className ?? ''}`}>{spokenDuration(ms)}</span>
  if (since !== undefined) return <Running since={since} className={className} />
  return null
}

function Running({ since, className }: { since: number; className: string | undefined }) {
  const now = useNow('fast')
  return <span suppressHydrationWarning className={`tabular ${className ?? ''}`}>{spokenDuration(Math.max(0, now - since), true)}</span>
}
