'use client'
import { TriangleAlert } from 'lucide-react'
import Link from 'next/link'
import type { Deprecation } from '#contract/sharing.ts'
import { usePlace } from '#components/frame/place.ts'
import { linkTo } from '#components/service/link-to.ts'
import { Time } from '#components/ui/time.tsx'

const spokenDay = (at: number): string =>
  new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })

/** Above everything about a service that others should stop using: why, until when, and what instead. */
export function DeprecationNotice({ deprecation: { message, at, sunset, replacement } }: { deprecation: Deprecation }) {
  const place = usePlace()
  return (
    <aside
      aria-label="Deprecated"
      className="flex items-start gap-2.5 border-b border-warn/40 bg-warn-soft px-4 py-2 sm:px-6"
    >
      <TriangleAlert aria-hidden className="mt-[3px] size-3.5 shrink-0 text-warn" />
      <p className="min-w-0 text-pretty break-words">
        <strong className="font-medium">Deprecated</strong> <Time at={at} />:{' '}
        {/[.!?]$/.test(message) ? message : `${message}.`}
        {sunset !== null && (
          <>
            {' '}
            It stops on <strong className="font-medium">{spokenDay(sunset)}</strong>.
          </>
        )}
        {replacement !== null && (
          <>
            {' '}
            Use{' '}
            <Link href={linkTo(place, replacement)} className="text-text">
              {replacement}
            </Link>{' '}
            instead.
          </>
        )}
      </p>
    </aside>
  )
}
