'use client'
import { Pin, ShieldCheck } from 'lucide-react'
import type { Environment } from '#contract/records.ts'
import { exactTime } from '#components/ui/exact-time.ts'
import { useZone } from '#components/ui/zone.ts'
import { Badge } from '#components/ui/badge.tsx'

/** What is special about an environment: others than its role say who may do what in it; it does not follow its parent. */
export function EnvironmentMarks({
  environment: { protection, pinned, parent },
}: {
  environment: Pick<Environment, 'protection' | 'pinned' | 'parent'>
}) {
  const zone = useZone()
  return (
    <>
      {protection !== null && (
        <span className="inline-flex" title="Deploying, secrets or promotions are restricted">
          <Badge>
            <ShieldCheck aria-hidden className="size-3" />
            <span className="max-sm:sr-only">protected</span>
          </Badge>
        </span>
      )}
      {pinned !== null && (
        <span
          className="inline-flex"
          title={`Keeps ${pinned.services === 1 ? '1 service' : `${pinned.services} services`} at the revisions of ${parent}${pinned.since === null ? '' : ` on ${exactTime(pinned.since, zone)}`}`}
        >
          <Badge>
            <Pin aria-hidden className="size-3" />
            <span className="max-sm:sr-only">pinned</span>
          </Badge>
        </span>
      )}
    </>
  )
}
