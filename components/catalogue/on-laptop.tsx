'use client'
import { Laptop as LaptopIcon } from 'lucide-react'
import { spokenLaptop } from '#contract/laptop-names.ts'
import type { Laptop } from '#contract/records.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Time } from '#components/ui/time.tsx'

/** Whose laptop serves in the place of what is deployed, and since when. `short`: where there is little room. */
export function OnLaptop({ laptop, short = false }: { laptop: Laptop; short?: boolean }) {
  const whose = spokenLaptop(laptop.by)
  return (
    <span
      className="inline-flex max-w-full min-w-0"
      title={`Calls go to ${whose} (${laptop.by.email}), as ${laptop.instance}. The deployed revision is live again when m3o dev stops`}
    >
      <Badge tone="busy">
        <LaptopIcon aria-hidden className="size-3 shrink-0" />
        <span className="max-w-44 truncate">on {whose}</span>
        {!short && (
          <>
            <span aria-hidden>·</span>
            <Time at={laptop.since} />
          </>
        )}
      </Badge>
    </span>
  )
}
