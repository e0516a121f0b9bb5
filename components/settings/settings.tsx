'use client'
import { useSearchParams } from 'next/navigation'
import { Suspense } from 'react'
import { paths } from '#client/paths.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { PageHeader } from '#components/ui/page.tsx'
import { PlaceOf } from '#components/ui/place-of.tsx'
import { ShapeSkeleton } from '#components/ui/screen-skeleton.tsx'
import { Tabs } from '#components/ui/tabs.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Lock } from 'lucide-react'
import { Account } from './account.tsx'
import { Health } from './health.tsx'
import { Platform } from './platform.tsx'
import { TeamSettings } from './team-settings.tsx'

const settingsTabs = ['team', 'account', 'platform', 'health'] as const
const labels = { team: 'Team', account: 'Account', platform: 'Platform', health: 'Health' } as const

export function Settings() {
  const place = usePlace()
  const wanted = useSearchParams().get('tab')
  const tab = settingsTabs.find((each) => each === wanted) ?? 'team'
  const reason = useMay()('platform.read')
  return (
    <>
      <PageHeader title="Settings">
        <Tabs
          what="part"
          label="Parts of the settings"
          tabs={settingsTabs.map((each) => ({
            label: labels[each],
            href: paths.settings(place, each === 'team' ? undefined : each),
            here: each === tab,
            shape: 'boxes',
          }))}
        />
      </PageHeader>
      <PlaceOf what="part">
        <Suspense key={tab} fallback={<ShapeSkeleton label="Loading settings" shape="boxes" />}>
          {tab === 'team' && <TeamSettings />}
          {tab === 'account' && <Account />}
          {(tab === 'platform' || tab === 'health') && reason !== null && (
            <EmptyState icon={<Lock />} title="Only operators can see the platform settings">
              {reason}.
            </EmptyState>
          )}
          {tab === 'platform' && reason === null && <Platform />}
          {tab === 'health' && reason === null && <Health />}
        </Suspense>
      </PlaceOf>
    </>
  )
}
