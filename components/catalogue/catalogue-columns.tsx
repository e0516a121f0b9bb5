'use client'
import { TriangleAlert } from 'lucide-react'
import type { Environment, ListedService } from '#contract/records.ts'
import { paths } from '#client/paths.ts'
import { EnvironmentName } from '#components/environments/environment-mark.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { RowLink } from '#components/ui/row-link.tsx'
import { Sparkline } from '#components/ui/sparkline.tsx'
import type { Column } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import { audienceWord } from './audience.ts'
import { OnLaptop } from './on-laptop.tsx'
import { ServiceStateMark } from './service-state.tsx'

export interface CatalogueView {
  team: string
  environment: string
  kinds: ReadonlyMap<string, Environment['kind']>
  /** The last hour's requests and errors, by service, once they are known. */
  activity: ReadonlyMap<string, { requests: number[]; errors: number }>
}

const byText = (one: string, other: string) => one.localeCompare(other)

/** Columns of the catalogue. A service of another team opens what its callers see: it is called here, not changed. */
export function catalogueColumns(view: CatalogueView): Column<ListedService>[] {
  return [
    {
      key: 'service',
      header: 'Service',
      width: 'lg:w-52 xl:w-56 2xl:w-64',
      order: (a, b) => byText(a.name, b.name),
      cell: (service) => (
        <span className="flex min-w-0 items-center gap-2">
          <span className="flex sm:hidden">
            <ServiceStateMark service={service} compact />
          </span>
          <RowLink
            href={
              service.team === view.team
                ? paths.service({ ...view, service: service.name })
                : paths.shared(view, { team: service.team, service: service.name })
            }
            className="truncate font-medium"
          >
            {service.team !== view.team && <span className="font-normal text-muted">@{service.team}/</span>}
            {service.name}
          </RowLink>
          {service.laptop !== null ? (
            <span className="min-w-0 md:hidden">
              <OnLaptop laptop={service.laptop} short />
            </span>
          ) : (
            isOwn(service, view) && (
              <span className="md:hidden">
                <Badge>own</Badge>
              </span>
            )
          )}
          {service.deprecation !== null && (
            <span className="shrink-0" title={`Deprecated: ${service.deprecation.message}`}>
              <TriangleAlert aria-hidden className="size-3.5 text-warn" />
              <span className="sr-only">deprecated</span>
            </span>
          )}
          {service.team !== view.team ? (
            <SharedMark service={service} />
          ) : (
            service.audience.kind !== 'team' && <Badge>{audienceWord(service.audience)}</Badge>
          )}
        </span>
      ),
    },
    {
      key: 'description',
      header: 'Description',
      from: 'lg',
      cell: (service) =>
        service.description === '' ? (
          <span className="text-muted">–</span>
        ) : (
          <span className="text-muted" title={service.description}>
            {service.description}
          </span>
        ),
    },
    {
      key: 'state',
      header: 'State',
      width: 'w-36 lg:w-30',
      from: 'sm',
      order: (a, b) => byText(a.state, b.state),
      cell: (service) => (
        <span title={service.reason ?? undefined}>
          <ServiceStateMark service={service} />
        </span>
      ),
    },
    {
      key: 'from',
      header: 'Source environment',
      width: 'w-40 2xl:w-64',
      from: 'md',
      order: (a, b) => byText(a.from ?? '', b.from ?? ''),
      cell: (service) => <From service={service} view={view} />,
    },
    {
      key: 'activity',
      header: 'Last hour',
      width: 'w-26',
      from: 'xl',
      order: (a, b) => requestsOf(view, b) - requestsOf(view, a),
      cell: (service) => <Activity service={service} view={view} />,
    },
    {
      key: 'endpoints',
      header: 'Endpoints',
      width: 'w-20',
      from: 'lg',
      align: 'end',
      order: (a, b) => a.endpoints.length - b.endpoints.length,
      cell: ({ endpoints }) => (endpoints.length === 0 ? <span className="text-muted">–</span> : endpoints.length),
    },
    {
      key: 'language',
      header: 'Language',
      width: 'w-24 pl-5!',
      from: '2xl',
      order: (a, b) => byText(a.language, b.language),
      cell: ({ language }) => <span className="text-muted">{language || '–'}</span>,
    },
    {
      key: 'owner',
      header: 'Owner',
      width: 'w-28',
      from: 'lg',
      order: (a, b) => byText(a.owner?.name ?? '', b.owner?.name ?? ''),
      cell: ({ owner, team }) => (
        <span className="text-muted">{team !== view.team ? `team ${team}` : (owner?.name ?? 'nobody')}</span>
      ),
    },
    {
      key: 'deployed',
      header: 'Deployed',
      width: 'w-24 sm:w-26',
      align: 'end',
      order: (a, b) => (b.deployedAt ?? 0) - (a.deployedAt ?? 0),
      cell: ({ deployedAt, team }) =>
        deployedAt === null ? (
          <span
            className="text-muted"
            title={team === view.team ? `No revision is live in ${view.environment}` : 'Visible only to its team'}
          >
            –
          </span>
        ) : (
          <Time at={deployedAt} className="text-muted" />
        ),
    },
  ]
}

/** A copy of an environment's own, where it could have inherited one. */
function isOwn(service: ListedService, view: CatalogueView): boolean {
  return (
    service.team === view.team && service.from === view.environment && view.kinds.get(view.environment) !== 'production'
  )
}

const accessWords: Partial<Record<NonNullable<ListedService['access']>, string>> = {
  needed: 'requires approval',
  asked: 'asked',
  declined: 'declined',
  revoked: 'revoked',
  read: 'open source',
}

/** Whether it can be called from here, where that is not at once. */
function SharedMark({ service: { access } }: { service: ListedService }) {
  const word = access === null ? undefined : accessWords[access]
  return <Badge>{word ?? 'shared'}</Badge>
}

const requestsOf = ({ activity }: CatalogueView, { id }: ListedService): number =>
  activity.get(id)?.requests.reduce((sum, each) => sum + each, 0) ?? 0

/** How much it was called here, and whether that went well. */
function Activity({ service, view }: { service: ListedService; view: CatalogueView }) {
  const own = view.activity.get(service.id)
  if (own === undefined) return <span className="text-muted">–</span>
  const total = requestsOf(view, service)
  const words = `${total.toLocaleString('en-GB')} requests in the last hour, ${own.errors === 0 ? 'no errors' : `${own.errors.toLocaleString('en-GB')} errors`}`
  return (
    <span title={words} className="block h-[18px] w-20 [&>svg]:size-full">
      <Sparkline
        values={own.requests}
        width={80}
        height={18}
        tone={own.errors * 100 > total ? 'text-bad' : 'text-accent'}
        label={words}
      />
    </span>
  )
}

function From({ service, view }: { service: ListedService; view: CatalogueView }) {
  if (service.team !== view.team) return <span className="text-muted">{service.from === null ? '–' : 'its team'}</span>
  const kind = service.from === null ? undefined : view.kinds.get(service.from)
  if (service.from === null || kind === undefined) return <span className="text-muted">–</span>
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <EnvironmentName name={service.from} kind={kind} />
      {service.from !== view.environment && <span className="text-small text-muted">inherited</span>}
      {service.pinned && <span className="text-small text-muted">pinned</span>}
      {service.laptop !== null ? <OnLaptop laptop={service.laptop} /> : isOwn(service, view) && <Badge>own</Badge>}
    </span>
  )
}
