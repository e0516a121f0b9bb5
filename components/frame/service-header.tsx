'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { ArrowUpRight, ChevronRight, Pin } from 'lucide-react'
import Link from 'next/link'
import { paths, type ServiceTab, serviceTabs } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { loadEditor } from '#components/code/load-editor.ts'
import { OnLaptop } from '#components/catalogue/on-laptop.tsx'
import { ServiceStateMark } from '#components/catalogue/service-state.tsx'
import { EnvironmentName } from '#components/environments/environment-mark.tsx'
import { HeaderTraffic } from '#components/metrics/header-traffic.tsx'
import type { Shape } from '#components/ui/arriving.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { buttonStyle } from '#components/ui/button-style.ts'
import { Button } from '#components/ui/button.tsx'
import { ShortId } from '#components/ui/short-id.tsx'
import { Tabs } from '#components/ui/tabs.tsx'
import { keptHref, useKeptHrefs } from '#components/ui/kept-query.ts'
import { useActions } from './actions.ts'
import { useEnvironments } from './environment.ts'
import { addRecent, recentService } from './recents.ts'
import { useService } from './service.ts'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

const tabLabels: Record<ServiceTab, string> = {
  overview: 'Overview',
  code: 'Code',
  api: 'API',
  logs: 'Logs',
  metrics: 'Metrics',
  deployments: 'Deployments',
  consumers: 'Consumers',
  settings: 'Settings',
}

const tabShapes: Record<ServiceTab, Shape> = {
  overview: 'boxes',
  code: 'rows',
  api: 'form',
  logs: 'lines',
  metrics: 'boxes',
  deployments: 'rows',
  consumers: 'boxes',
  settings: 'boxes',
}

/** What stays above all tabs of a service: its name, its state here, what serves, and the tabs. */
export function ServiceHeader() {
  const at = useService()
  const trpc = useTRPC()
  const router = useRouter()
  const kept = useKeptHrefs()
  const environments = useEnvironments()
  const { data: service } = useSuspenseQuery(trpc.services.get.queryOptions(at))
  const from = environments.find(({ name }) => name === service.from)
  useEffect(() => addRecent(at.team, recentService(at.service)), [at.team, at.service])
  useActions(
    serviceTabs.map((tab, index) => ({
      id: `service.${tab}`,
      group: service.name,
      title: tabLabels[tab],
      keys: `${index + 1}`,
      run: () => router.push(keptHref(paths.service(at, tab))),
    })),
  )
  return (
    <header className="border-b border-border px-4 pt-3 sm:px-6">
      <div className="flex min-h-[30px] flex-wrap items-center gap-x-3 gap-y-1 pb-1.5">
        <div className="flex min-w-0 items-center gap-1">
          <Link href={kept(paths.catalogue(at))} className="hidden text-muted no-underline hover:text-text sm:inline">
            Catalogue
          </Link>
          <ChevronRight aria-hidden className="hidden size-3.5 text-muted sm:inline" />
          <h1 className="truncate text-title font-semibold tracking-[-0.01em]">{service.name}</h1>
        </div>
        <ServiceStateMark service={service} />
        {service.laptop !== null && <OnLaptop laptop={service.laptop} />}
        {service.revision !== null && service.laptop === null && <ShortId id={service.revision} />}
        {from !== undefined && from.name !== at.environment && (
          <span className="flex items-center gap-1.5 text-muted">
            <span className="max-sm:sr-only">inherited from</span>{' '}
            <EnvironmentName name={from.name} kind={from.kind} soft />
          </span>
        )}
        {service.deprecation !== null && <Badge tone="warn">deprecated</Badge>}
        {service.pinned && (
          <span
            className="inline-flex"
            title={`${service.from} is pinned: it keeps this revision when its parent changes`}
          >
            <Badge>
              <Pin aria-hidden className="size-3" />
              <span className="max-sm:sr-only">pinned</span>
            </Badge>
          </span>
        )}
        <span className="ml-auto">
          <HeaderTraffic at={at} />
        </span>
        {service.revision === null && service.laptop === null ? (
          <Button size="small" reason="Not deployed here: deploy it first">
            Open
            <ArrowUpRight aria-hidden />
          </Button>
        ) : (
          <a href={service.url} target="_blank" rel="noreferrer" className={buttonStyle('plain', 'small')}>
            Open
            <ArrowUpRight aria-hidden />
            <span className="sr-only">its address in a new tab</span>
          </a>
        )}
      </div>
      <Tabs
        what="tab"
        label={`Parts of ${service.name}`}
        tabs={serviceTabs.map((tab) => ({
          label: tabLabels[tab],
          href: paths.service(at, tab),
          shape: tabShapes[tab],
          ...(tab === 'code' && { onIntent: () => void loadEditor().catch(() => {}) }),
        }))}
      />
    </header>
  )
}
