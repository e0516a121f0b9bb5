'use client'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { CircleAlert } from 'lucide-react'
import Link from 'next/link'
import { Suspense, useRef } from 'react'
import { spokenLaptop } from '#contract/laptop-names.ts'
import type { Laptop, Service } from '#contract/records.ts'
import { useLive } from '#client/live.ts'
import { type OfService, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironment } from '#components/frame/environment.ts'
import { useService } from '#components/frame/service.ts'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Section } from '#components/ui/page.tsx'
import { sentence } from '#components/ui/problem.ts'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { AboutService } from './about-service.tsx'
import { EverywhereTable } from './everywhere-table.tsx'
import { HowToCall } from './how-to-call.tsx'
import { InstanceList } from './instance-list.tsx'
import { LostContext } from './lost-context.tsx'
import { Neighbours } from './neighbours.tsx'
import { Readme, type ReadyReadme } from './readme.tsx'
import { RecentDeployments } from './recent-deployments.tsx'
import { ServiceActions } from './service-actions.tsx'
import { TrafficPanels } from './traffic-panels.tsx'

/** Is it well here, and what changed? */
export function Overview({ readme }: { readme?: ReadyReadme | undefined }) {
  const at = useService()
  const trpc = useTRPC()
  const { data: service } = useSuspenseQuery(trpc.services.get.queryOptions(at))
  useFreshUsage(at, service)
  return (
    <div className="mx-auto flex max-w-[1280px] flex-col gap-6 px-4 py-5 sm:px-6">
      <Head at={at} service={service} />
      <Trouble at={at} service={service} />
      <LostContext at={at} />
      <TrafficPanels at={at} />
      <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_300px]">
        <div className="flex min-w-0 flex-col gap-6">
          <Section title="Instances">
            <InstanceList service={service} />
          </Section>
          <RecentDeployments at={at} />
          {service.revision !== null && <HowToCall service={service} />}
          <Section title="Environments" about="The live revision in each environment.">
            <EverywhereTable at={at} />
          </Section>
          <Section title="README">
            <Suspense fallback={<Skeleton className="h-64" />}>
              <Readme at={at} from={service.from} ready={readme} />
            </Suspense>
          </Section>
        </div>
        <aside aria-label={`About ${service.name}`} className="flex min-w-0 flex-col gap-6">
          <AboutService at={at} service={service} />
          <Neighbours at={at} />
        </aside>
      </div>
    </div>
  )
}

function Head({ at, service }: { at: OfService; service: Service }) {
  const environment = useEnvironment()
  const source =
    service.laptop !== null
      ? onLaptop(service, service.laptop)
      : service.from === null
        ? `Not deployed to ${at.environment}.`
        : service.from !== at.environment
          ? `${at.environment} has no override: it inherits this service from ${service.from}. Deploy here to change it only in ${at.environment}.`
          : environment?.parent == null
            ? undefined
            : service.pinned
              ? `${at.environment} is pinned: it keeps this revision when ${environment.parent} changes.`
              : `${at.environment} overrides the revision of ${environment.parent}.`
  return (
    <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0 grow basis-80">
        <p className="text-pretty">
          {service.description === '' ? (
            <span className="text-muted">
              {service.revision === null
                ? 'The first paragraph of the README appears here after a deployment.'
                : 'No description yet: the first paragraph of the README appears here.'}
            </span>
          ) : (
            service.description
          )}
        </p>
        {source !== undefined && <p className="text-pretty text-muted">{source}</p>}
        <p className="mt-1 flex min-w-0 items-center gap-1">
          <a
            href={service.url}
            target="_blank"
            rel="noreferrer"
            className="min-w-0 truncate font-mono text-small text-muted hover:text-text"
          >
            {service.url}
          </a>
          <CopyButton text={service.url} label="Copy the address" />
        </p>
      </div>
      <ServiceActions at={at} service={service} />
    </div>
  )
}

/** What is deployed is not what answers. */
function onLaptop({ from, revision }: Service, laptop: Laptop): string {
  const beneath =
    revision === null
      ? 'No revision is deployed.'
      : `${revision} is live again when m3o dev stops. You can still deploy.`
  return `In ${from} it runs on ${spokenLaptop(laptop.by)}. ${beneath}`
}

/** When it does not serve: why, and where to look. */
function Trouble({ at, service }: { at: OfService; service: Service }) {
  if (service.state !== 'crashing' && service.state !== 'failed') return null
  const last = service.lastDeployment
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-4 gap-y-1 rounded border border-bad/40 bg-bad-soft px-3 py-2"
    >
      <span className="flex min-w-0 grow items-start gap-2">
        <CircleAlert aria-hidden className="mt-[3px] size-3.5 shrink-0 text-bad" />
        {sentence(service.reason ?? `It is ${service.state}`)}
      </span>
      {last !== null && (
        <Link href={paths.deployment(at, last.id)} className="text-text">
          Last deployment
        </Link>
      )}
      <Link href={paths.serviceLogs(at)} className="text-text">
        Logs
      </Link>
    </div>
  )
}

const freshMs = 5_000

/** Memory and processor time have no event of their own: they come anew with the traffic that uses them, now and then. */
function useFreshUsage(at: OfService, service: Service): void {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const last = useRef(0)
  useLive('team', { team: at.team }, (event) => {
    if (event.type !== 'traffic' || !event.serviceIds.includes(service.id) || Date.now() - last.current < freshMs)
      return
    last.current = Date.now()
    void queries.invalidateQueries(trpc.services.get.queryFilter(at))
  })
}
