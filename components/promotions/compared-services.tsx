'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { ChevronRight } from 'lucide-react'
import Link from 'next/link'
import { Suspense, useState } from 'react'
import type { EnvironmentDiff } from '#contract/promotions.ts'
import { type InTeam, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { ChangedFiles } from '#components/service-deployments/changed-files.tsx'
import { EndpointChanges } from '#components/service-deployments/endpoint-changes.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { Time } from '#components/ui/time.tsx'

type Row = EnvironmentDiff['services'][number]
type Copy = Row['here']

/** Services of two environments side by side; each opens to what differs in its code. */
export function ComparedServices({ place, diff }: { place: InTeam; diff: EnvironmentDiff }) {
  return (
    <div className="overflow-hidden rounded border border-border bg-raised">
      <div
        aria-hidden
        className="hidden h-[30px] items-center gap-3 border-b border-border bg-surface pr-3 pl-8 text-small font-medium text-muted md:flex"
      >
        <span className="w-44 shrink-0">Service</span>
        <span className="w-40 shrink-0 truncate">{diff.environment}</span>
        <span className="w-40 shrink-0 truncate">{diff.against}</span>
        <span className="grow">Last change in {diff.environment}</span>
      </div>
      <ul aria-label="Different services" className="divide-y divide-border">
        {diff.services.map((row) => (
          <ServiceEntry key={row.serviceId} place={place} diff={diff} row={row} />
        ))}
      </ul>
    </div>
  )
}

function ServiceEntry({ place, diff, row }: { place: InTeam; diff: EnvironmentDiff; row: Row }) {
  const [open, setOpen] = useState(false)
  return (
    <li>
      <button
        type="button"
        aria-expanded={open}
        data-focus-inside
        onClick={() => setOpen(!open)}
        className="flex min-h-[40px] w-full min-w-0 flex-wrap items-center gap-x-3 gap-y-1 py-2 pr-3 pl-2 text-left hover:bg-hover md:flex-nowrap md:py-0"
      >
        <span className="flex min-w-0 grow basis-full items-center gap-1.5 md:w-50 md:shrink-0 md:grow-0 md:basis-auto">
          <ChevronRight
            aria-hidden
            className={`size-3.5 shrink-0 text-muted transition-transform duration-100 ${open ? 'rotate-90' : ''}`}
          />
          <span className="truncate font-medium">{row.service}</span>
          <span className="ml-auto flex gap-1.5 md:hidden">
            {row.impacts.length > 0 && <Badge tone="bad">breaking</Badge>}
            <Relation row={row} />
          </span>
        </span>
        <Side copy={row.here} label={diff.environment} />
        <Side copy={row.there} label={diff.against} />
        <span className="hidden min-w-0 grow truncate text-muted lg:block" title={row.here?.message}>
          {row.here?.message.split('\n')[0]}
          {row.here !== null && row.here.by !== '' && ` · ${row.here.by}`}
        </span>
        <span className="ml-auto hidden shrink-0 gap-1.5 md:flex">
          {row.impacts.length > 0 && <Badge tone="bad">breaking</Badge>}
          <Relation row={row} />
        </span>
      </button>
      {open && (
        <div className="border-t border-border bg-surface p-3">
          <Suspense fallback={<Skeleton className="h-16" />}>
            <CodeDiff place={place} row={row} diff={diff} />
          </Suspense>
        </div>
      )}
    </li>
  )
}

function Side({ copy, label }: { copy: Copy; label: string }) {
  return (
    <span className="flex min-w-0 shrink-0 items-center gap-1.5 pl-5 text-small max-md:basis-[45%] md:w-40 md:pl-0">
      <span className="text-muted md:hidden">{label}</span>
      {copy === null ? (
        <span className="text-muted">none</span>
      ) : (
        <>
          <code>{copy.revision}</code>
          {copy.own ? <Badge>own</Badge> : <span className="truncate text-muted">from {copy.from}</span>}
        </>
      )}
    </span>
  )
}

const words = { same: 'same revision', 'only here': 'only here', 'only there': 'only there' } as const

function Relation({ row: { relation, ahead, behind } }: { row: Row }) {
  if (relation === 'ahead') return <Badge tone="ok">{ahead} ahead</Badge>
  if (relation === 'behind') return <Badge tone="warn">{behind} behind</Badge>
  if (relation === 'diverged')
    return (
      <Badge tone="warn">
        {ahead} ahead, {behind} behind
      </Badge>
    )
  return <Badge tone={relation === 'only here' ? 'ok' : 'idle'}>{words[relation]}</Badge>
}

function CodeDiff({ place, row, diff }: { place: InTeam; row: Row; diff: EnvironmentDiff }) {
  const trpc = useTRPC()
  const [from, to] = [row.there?.commit ?? null, row.here?.commit ?? null]
  const at = { ...place, service: row.service }
  const { data: files } = useSuspenseQuery(
    trpc.source.diff.queryOptions({
      team: place.team,
      service: row.service,
      from: to === null ? null : from,
      to: to ?? from ?? '',
    }),
  )
  return (
    <div className="flex flex-col gap-2">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-small text-muted">
        {row.here !== null && row.here.at > 0 && (
          <span>
            Deployed in {row.here.from} <Time at={row.here.at} /> by {row.here.by}
          </span>
        )}
        {row.here !== null && <Link href={paths.service(at)}>Open in {diff.environment}</Link>}
      </p>
      {row.impacts.length > 0 && (
        <EndpointChanges impacts={row.impacts} label={`Endpoints of ${row.service} that break`} />
      )}
      {files.length === 0 ? (
        <p className="text-muted">Their code is the same.</p>
      ) : (
        <ChangedFiles at={at} files={files} from={to === null ? null : from} to={to ?? from ?? ''} />
      )}
    </div>
  )
}
