'use client'
import { Ellipsis, GitBranchPlus, LogIn, Pin, PinOff, RefreshCw, ShieldCheck, Trash2 } from 'lucide-react'
import type { Environment } from '#contract/records.ts'
import { paths } from '#client/paths.ts'
import { Badge } from '#components/ui/badge.tsx'
import { IconButton } from '#components/ui/button.tsx'
import { Menu, MenuItem, MenuLine } from '#components/ui/menu.tsx'
import { RowLink } from '#components/ui/row-link.tsx'
import { type Column, rowControl } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import { EnvironmentShape, kindWords } from './environment-mark.tsx'
import { EnvironmentMarks } from './environment-marks.tsx'
import type { Branch } from './environment-tree.ts'

interface View {
  team: string
  environment: string
  mayCreate: string | null
  /** By the environment, as some are protected. */
  may: (action: 'environment.delete' | 'environment.protect' | 'environment.write', environment: string) => string | null
  use: (environment: Environment) => void
  create: (parent: Environment) => void
  remove: (environment: Environment) => void
  protect: (environment: Environment) => void
  pin: (environment: Environment) => void
  unpin: (environment: Environment) => void
}

export function environmentColumns(view: View): Column<Branch>[] {
  return [
    {
      key: 'name', header: 'Environment', width: 'sm:w-64 lg:w-80',
      cell: ({ environment, depth }) => (
        <span className="flex min-w-0 items-center gap-1.5" style={{ paddingLeft: depth * 20 }}>
          {depth > 0 && <span aria-hidden className="-ml-3 h-3 w-2.5 -translate-y-1 rounded-bl-[3px] border-b border-l border-border-strong" />}
          <EnvironmentShape kind={environment.kind} />
          <RowLink href={paths.catalogue({ team: view.team, environment: environment.name })} className="truncate font-medium">{environment.name}</RowLink>
          {environment.name === view.environment && <Badge>you are here</Badge>}
          <EnvironmentMarks environment={environment} />
          <span className="ml-auto shrink-0 text-small text-muted md:hidden">{environment.overrides.length === 0 ? 'no own copies' : environment.overrides.length === 1 ? '1 own copy' : `${environment.overrides.length} own copies`}</span>
        </span>
      ),
    },
    { key: 'kind', header: 'Kind', width: 'w-24', from: 'sm', cell: ({ environment }) => <span className="text-muted">{kindWords[environment.kind]}</span> },
    { key: 'overrides', header: 'Own copies', from: 'md', cell: ({ environment }) => <Overrides environment={environment} /> },
    { key: 'owner', header: 'Owner', width: 'w-36', from: 'lg', cell: ({ environment }) => <span className="text-muted">{environment.owner?.name ?? 'the team'}</span> },
    { key: 'created', header: 'Created', width: 'w-28', from: 'sm', align: 'end', cell: ({ environment }) => <Time at={environment.createdAt} className="text-muted" /> },
    {
      key: 'expires', header: 'Expires', width: 'w-28', from: 'md', align: 'end',
      cell: ({ environment }) => (environment.expires === null ? <span className="text-muted">never</span> : <Time at={environment.expires} className="text-warn" />),
    },
    {
      key: 'more', header: 'Actions', quiet: true, width: 'w-14', align: 'end',
      cell: ({ environment, children }) => (
        <Menu align="end" width={256} trigger={<IconButton size="small" label={`Actions on ${environment.name}`} className={rowControl}><Ellipsis /></IconButton>}>
          <MenuItem icon={<LogIn />} onSelect={() => view.use(environment)} reason={environment.name === view.environment ? 'You are here' : null}>Go to {environment.name}</MenuItem>
          <MenuItem icon={<GitBranchPlus />} onSelect={() => view.create(environment)} reason={view.mayCreate}>New environment from it</MenuItem>
          <MenuLine />
          <MenuItem icon={<ShieldCheck />} onSelect={() => view.protect(environment)} reason={view.may('environment.protect', environment.name)}>{environment.protection === null ? 'Protect' : 'Protection of'} {environment.name}</MenuItem>
          {environment.parent !== null && (
            <MenuItem icon={environment.pinned === null ? <Pin /> : <RefreshCw />} onSelect={() => view.pin(environment)} reason={view.may('environment.write', environment.name)}>
              {environment.pinned === null ? `Pin to ${environment.parent} of now` : `Pin again, to ${environment.parent} of now`}
            </MenuItem>
          )}
          {environment.pinned !== null && <MenuItem icon={<PinOff />} onSelect={() => view.unpin(environment)} reason={view.may('environment.write', environment.name)}>Follow {environment.parent} again</MenuItem>}
          <MenuLine />
          <MenuItem icon={<Trash2 />} bad onSelect={() => view.remove(environment)} reason={view.may('environment.delete', environment.name) ?? whyKept(environment, children)}>Delete {environment.name}</MenuItem>
        </Menu>
      ),
    },
  ]
}

function Overrides({ environment }: { environment: Environment }) {
  const shown = environment.overrides.slice(0, 3)
  if (shown.length === 0) return <span className="text-muted">{environment.parent === null ? 'nothing deployed' : `none, all from ${environment.parent}${environment.pinned === null ? '' : ' as it was'}`}</span>
  return (
    <span className="flex items-center gap-1.5" title={environment.overrides.map(({ service }) => service).join(', ')}>
      <span className="flex min-w-0 flex-wrap gap-1.5 overflow-hidden h-[18px]">{shown.map(({ serviceId, service, revision }) => (
        <Badge key={serviceId}><span className="text-text">{service}</span><span className="font-mono">{revision.slice(0, 7)}</span></Badge>
      ))}</span>
      {environment.overrides.length > shown.length && <span className="shrink-0 text-small text-muted">and {environment.overrides.length - shown.length} more</span>}
    </span>
  )
}

function whyKept(environment: Environment, children: number): string | null {
  if (environment.parent === null) return 'A team always has production'
  if (children > 0) return `${children} ${children === 1 ? 'environment stems' : 'environments stem'} from it`
  return null
}
