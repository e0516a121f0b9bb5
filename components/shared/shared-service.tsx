'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { ArrowUpRight, ChevronRight } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useParams } from 'next/navigation'
import { Suspense } from 'react'
import type { Service } from '#contract/records.ts'
import { paths, type SharedView, sharedViews } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { CallScreen } from '#components/api/call-screen.tsx'
import { audienceWord } from '#components/catalogue/audience.ts'
import { ServiceStateMark } from '#components/catalogue/service-state.tsx'
import { usePlace } from '#components/frame/place.ts'
import { Badge } from '#components/ui/badge.tsx'
import { buttonStyle } from '#components/ui/button-style.ts'
import { useFilters } from '#components/ui/filters.ts'
import { RowsSkeleton } from '#components/ui/skeleton.tsx'
import { Tabs } from '#components/ui/tabs.tsx'
import { AccessNotice, accessBadge } from './access-notice.tsx'
import { DeprecationNotice } from './deprecation-notice.tsx'
import { SharedActions } from './shared-actions.tsx'

const SharedDocs = dynamic(() => import('./shared-docs.tsx').then((module) => module.SharedDocs))
const SharedSource = dynamic(() => import('./shared-source.tsx').then((module) => module.SharedSource))
const SharedUsage = dynamic(() => import('./shared-usage.tsx').then((module) => module.SharedUsage))

const labels: Record<SharedView, string> = {
  call: 'Call',
  docs: 'Documentation',
  source: 'Source',
  usage: 'Your usage',
}

/** Another team's service, as those see it with whom it is shared: what it is, how to call it, and what its team lets be seen. */
export function SharedService() {
  const place = usePlace()
  const { owner, service: name } = useParams<{ owner: string; service: string }>()
  const { data: service } = useSuspenseQuery(
    useTRPC().services.shared.queryOptions({ team: place.team, name: `@${owner}/${name}` }),
  )
  const [{ view: asked }] = useFilters(['view'])
  const view = sharedViews.find((each) => each === asked) ?? 'call'
  const full = `@${service.team}/${service.name}`
  const badge = accessBadge(service)
  return (
    <div className="flex h-full flex-col">
      <header className="border-b border-border px-4 pt-3 sm:px-6">
        <div className="flex min-h-[30px] flex-wrap items-center gap-x-3 gap-y-1.5">
          <div className="flex min-w-0 items-center gap-1">
            <Link href={paths.catalogue(place)} className="hidden text-muted no-underline hover:text-text sm:inline">
              Catalogue
            </Link>
            <ChevronRight aria-hidden className="hidden size-3.5 text-muted sm:inline" />
            <h1 className="truncate text-title font-semibold tracking-[-0.01em]">
              <span className="font-normal text-muted">@{service.team}/</span>
              {service.name}
            </h1>
          </div>
          <ServiceStateMark service={service} />
          {service.access !== 'read' && (
            <Badge>
              {service.audience.kind === 'teams'
                ? `shared with ${place.team}`
                : `for ${audienceWord(service.audience)}`}
            </Badge>
          )}
          {badge !== undefined && <Badge tone={badge.tone}>{badge.word}</Badge>}
          {service.deprecation !== null && <Badge tone="warn">deprecated</Badge>}
          <span className="ml-auto flex flex-wrap items-center gap-2">
            <SharedActions service={service} name={full} />
            <a href={service.url} target="_blank" rel="noreferrer" className={buttonStyle('plain', 'small')}>
              Open
              <ArrowUpRight aria-hidden />
              <span className="sr-only">its address in a new tab</span>
            </a>
          </span>
        </div>
        <About service={service} />
        <Tabs
          what="part"
          label={`Parts of ${full}`}
          tabs={sharedViews.map((each) => ({
            label: labels[each],
            href: paths.shared(place, { team: owner, service: name }, each),
            here: each === view,
          }))}
        />
      </header>
      <div data-scroller className="relative min-h-0 grow overflow-x-hidden overflow-y-auto">
        {service.deprecation !== null && <DeprecationNotice deprecation={service.deprecation} />}
        <AccessNotice service={service} name={full} />
        <Suspense fallback={<RowsSkeleton label={labels[view]} />}>
          {view === 'call' && <CallScreen service={service} name={full} />}
          {view === 'docs' && <SharedDocs name={full} />}
          {view === 'source' && <SharedSource service={service} name={full} />}
          {view === 'usage' && <SharedUsage service={service} name={full} />}
        </Suspense>
      </div>
    </div>
  )
}

function About({ service }: { service: Service }) {
  const place = usePlace()
  const { description, team, contact, tags } = service
  return (
    <div className="pt-1.5 pb-1 sm:pt-0">
      <p className="max-w-[96ch] text-pretty text-muted">
        {description !== '' && <span className="text-text">{description} </span>}
        It belongs to the team {team}. Calls from all environments go to its production.
        {contact !== '' && (
          <>
            {' '}
            On call: <span className="text-text">{contact}</span>.
          </>
        )}
      </p>
      {tags.length > 0 && (
        <p className="mt-1 flex flex-wrap gap-1.5">
          {tags.map((tag) => (
            <Link key={tag} href={paths.catalogue(place, { tag })} className="no-underline">
              <Badge>{tag}</Badge>
            </Link>
          ))}
        </p>
      )}
    </div>
  )
}
