'use client'
import { Eye } from 'lucide-react'
import { useNow } from '#components/ui/now.ts'

/** While a switch is young, the revision before is kept ready. */
export function WatchNote({ until }: { until: number }) {
  const left = Math.ceil((until - useNow('fast')) / 1_000)
  if (left <= 0) return null
  return (
    <p role="status" className="flex items-center gap-2 rounded border border-border bg-accent-soft px-3 py-2">
      <Eye aria-hidden className="size-3.5 shrink-0 text-accent" />
      <span>
        Watched for{' '}
        <span suppressHydrationWarning className="tabular">
          {left} s
        </span>{' '}
        more: if it crashes, the previous revision becomes live again.
      </span>
    </p>
  )
}
