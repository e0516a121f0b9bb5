'use client'
import { useSearchParams } from 'next/navigation'
import { type ReactNode, Suspense } from 'react'
import { paths } from '#client/paths.ts'
import { usePlace } from '#components/frame/place.ts'
import { PageHeader } from '#components/ui/page.tsx'
import { PlaceOf } from '#components/ui/place-of.tsx'
import { RowsSkeleton } from '#components/ui/skeleton.tsx'
import { Tabs } from '#components/ui/tabs.tsx'
import { Audit } from './audit.tsx'
import { Invitations } from './invitations.tsx'
import { Members } from './members.tsx'
import { Tokens } from './tokens.tsx'

const teamTabs = ['members', 'invitations', 'tokens', 'audit'] as const
type TeamTab = (typeof teamTabs)[number]

const parts: Record<TeamTab, { label: string; part: () => ReactNode }> = {
  members: { label: 'Members', part: () => <Members /> },
  invitations: { label: 'Invitations', part: () => <Invitations /> },
  tokens: { label: 'Tokens', part: () => <Tokens /> },
  audit: { label: 'Audit log', part: () => <Audit /> },
}

/** Who is in, and what they may do. */
export function Team() {
  const place = usePlace()
  const wanted = useSearchParams().get('tab')
  const tab = teamTabs.find((each) => each === wanted) ?? 'members'
  return (
    <>
      <PageHeader title="Team" about={place.team}>
        <Tabs
          what="part"
          label="Parts of the team"
          tabs={teamTabs.map((each) => ({
            label: parts[each].label,
            href: paths.team(place, each),
            here: each === tab,
          }))}
        />
      </PageHeader>
      <PlaceOf what="part">
        <Suspense key={tab} fallback={<RowsSkeleton label={`Loading ${parts[tab].label.toLowerCase()}`} />}>
          {parts[tab].part()}
        </Suspense>
      </PlaceOf>
    </>
  )
}
