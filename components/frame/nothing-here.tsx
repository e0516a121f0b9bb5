'use client'
import { SearchX } from 'lucide-react'
import { paths } from '#client/paths.ts'
import { ButtonLink } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { usePlace } from './place.ts'

/** Where an address of the team's leads nowhere; the way on is the frame's, and the catalogue. */
export function NothingHere() {
  const place = usePlace()
  return (
    <EmptyState
      icon={<SearchX />}
      title="Page not found"
      alone
      action={
        <ButtonLink kind="primary" href={paths.catalogue(place)}>
          Go to the catalogue
        </ButtonLink>
      }
    >
      This page does not exist in {place.team}, or was deleted.
      <span className="mt-1 flex items-center justify-center gap-2 max-sm:hidden">
        Search for it <Kbd keys="mod+k" />
      </span>
    </EmptyState>
  )
}
