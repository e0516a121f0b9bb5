'use client'
import { Hourglass } from 'lucide-react'
import { isEnding } from '#contract/environment-life.ts'
import { useNow } from '#components/ui/now.ts'
import { Time } from '#components/ui/time.tsx'

/** When its time is over; marked when that is near. */
export function Expires({ at }: { at: number | null }) {
  const now = useNow()
  if (at === null) return <span className="text-muted">never</span>
  if (!isEnding(at, now)) return <Time at={at} className="text-muted" />
  return (
    <span className="inline-flex items-center gap-1 text-warn">
      <Hourglass aria-hidden className="size-3 shrink-0" />
      <Time at={at} />
    </span>
  )
}
