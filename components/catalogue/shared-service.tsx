'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { ArrowUpRight, ChevronRight } from 'lucide-react'
import Link from 'next/link'
import { useParams } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { CallScreen } from '#components/api/call-screen.tsx'
import { usePlace } from '#components/frame/place.ts'
import { Badge } from '#components/ui/badge.tsx'
import { buttonStyle } from '#components/ui/button-style.ts'
import { audienceWord } from './audience.ts'
import { ServiceStateMark } from './service-state.tsx'

/** Another team's service, as those see it with whom it is shared: what it is, and how to call it. */
export function SharedService() {
  const place = usePlace()
  const { owner, service: name } = useParams<{ owner: string; service: string }>()
  const { data: service } = useSuspenseQuery(useTRPC().services.shared.queryOptions({ team: place.team, name: `@${owner}/${name}` }))
  return (
    <div className="flex h-full flex-col">
      <header className="border-b border-border px-4 py-3 sm:px-6">
        <div className="flex min-h-[30px] flex-wrap items-center gap-x-3 gap-y-1">
          <div className="flex min-w-0 items-center gap-1">
            <Link href={paths.catalogue(place)} className="hidden text-muted no-underline hover:text-text sm:inline">Catalogue</Link>
            <ChevronRight aria-hidden className="hidden size-3.5 text-muted sm:inline" />
            <h1 className="truncate text-title font-semibold tracking-[-0.01em]"><span className="font-normal text-muted">@{service.team}/</span>{service.name}</h1>
          </div>
          <ServiceStateMark service={service} />
          <Badge>{service.audience.kind === 'teams' ? `shared with ${place.team}` : `for ${audienceWord(service.audience)}`}</Badge>
          <a href={service.url} target="_blank" rel="noreferrer" className={buttonStyle('plain', 'small', 'ml-auto')}>Open<ArrowUpRight aria-hidden /><span className="sr-only">its address in a new tab</span></a>
        </div>
        <p className="max-w-[96ch] text-pretty text-muted">
          {service.description !== '' && <span className="text-text">{service.description} </span>}
          It belongs to the team {service.team}, whose production answers its calls, wherever they come from.
        </p>
      </header>
      <div data-scroller className="relative min-h-0 grow overflow-x-hidden overflow-y-auto"><CallScreen service={service} name={`@${service.team}/${service.name}`} /></div>
    </div>
  )
}
