'use client'
import { clsx } from 'clsx'
import {
  CornerDownRight,
  Ellipsis,
  GitBranchPlus,
  GitCompare,
  Hourglass,
  Laptop,
  Layers,
  LogIn,
  PencilLine,
  Pin,
  PinOff,
  RefreshCw,
  ShieldCheck,
  Trash2,
  UserPlus,
} from 'lucide-react'
import { doesExpire } from '#contract/environment-life.ts'
import { spokenLaptop } from '#contract/laptop-names.ts'
import type { Environment } from '#contract/records.ts'
import { paths } from '#client/paths.ts'
import { Avatar } from '#components/ui/avatar.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { IconButton } from '#components/ui/button.tsx'
import { Menu, MenuItem, MenuLine } from '#components/ui/menu.tsx'
import { RowLink } from '#components/ui/row-link.tsx'
import { type Column, rowControl } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import { EnvironmentShape, kindWords } from './environment-mark.tsx'
import { EnvironmentMarks } from './environment-marks.tsx'
import type { Branch } from './environment-tree.ts'
import { Expires } from './expires.tsx'

interface View {
  team: string
  environment: string
  mayCreate: string | null
  /** By the environment, as some are protected. */
  may: (
    action: 'environment.admit' | 'environment.delete' | 'environment.protect' | 'environment.write',
    environment: string,
  ) => string | null
  use: (environment: Environment) => void
  create: (parent: Environment) => void
  compare: (environment: Environment) => void
  keep: (environment: Environment) => void
  pin: (environment: Environment) => void
  unpin: (environment: Environment) => void
  /** Opens a dialog about it. */
  open: (what: 'delete' | 'move' | 'copies' | 'protect' | 'people', environment: Environment) => void
}

export function environmentColumns(view: View): Column<Branch>[] {
  return [
    {
      key: 'name',
      header: 'Environment',
      width: 'sm:w-72 xl:w-96',
      cell: (branch) => {
        const { environment } = branch
        return (
          <span className="flex h-full min-w-0 items-center">
            <TreeLines {...branch} />
            <EnvironmentShape kind={environment.kind} />
            <span className="ml-1.5 flex min-w-0 grow flex-col justify-center">
              <span className="flex min-w-0 items-center gap-2">
                <RowLink
                  href={paths.catalogue({ team: view.team, environment: environment.name })}
                  className="truncate font-medium"
                >
                  {environment.name}
                </RowLink>
                {environment.name === view.environment && <Badge>you are here</Badge>}
                <EnvironmentMarks environment={environment} />
              </span>
              <span className="truncate text-small leading-4 text-muted">
                {environment.branch !== null ? (
                  <span className="font-mono">{environment.branch}</span>
                ) : environment.parent === null ? (
                  'root of all environments'
                ) : (
                  kindWords[environment.kind]
                )}
                <span className="md:hidden">
                  {environment.laptops.length > 0
                    ? environment.laptops.map((one) => ` · ${one.service} on ${spokenLaptop(one.by)}`)
                    : environment.parent === null
                      ? ''
                      : ` · ${countedCopies(environment)}`}
                </span>
                <span className="sm:hidden">{environment.owner === null ? '' : ` · ${environment.owner.name}`}</span>
              </span>
            </span>
          </span>
        )
      },
    },
    {
      key: 'overrides',
      header: 'Deployed here',
      from: 'md',
      cell: ({ environment }) => <Work environment={environment} />,
    },
    {
      key: 'owner',
      header: 'Owner',
      width: 'w-40',
      from: 'lg',
      cell: ({ environment }) => <Owner environment={environment} />,
    },
    {
      key: 'used',
      header: 'Last used',
      width: 'w-28',
      from: 'sm',
      align: 'end',
      cell: ({ environment }) =>
        environment.usedAt === null ? (
          <span className="text-muted">–</span>
        ) : (
          <Time at={environment.usedAt} className="text-muted" />
        ),
    },
    {
      key: 'expires',
      header: 'Expires',
      width: 'w-24',
      align: 'end',
      cell: ({ environment }) => <Expires at={environment.expires} />,
    },
    {
      key: 'more',
      header: 'Actions',
      quiet: true,
      width: 'w-14',
      align: 'end',
      cell: ({ environment, children }) => (
        <Menu
          align="end"
          width={256}
          trigger={
            <IconButton size="small" label={`Actions on ${environment.name}`} className={rowControl}>
              <Ellipsis />
            </IconButton>
          }
        >
          <MenuItem
            icon={<LogIn />}
            onSelect={() => view.use(environment)}
            reason={environment.name === view.environment ? 'You are here' : null}
          >
            Go to {environment.name}
          </MenuItem>
          <MenuItem
            icon={<GitBranchPlus />}
            onSelect={() => view.create(environment)}
            reason={
              view.mayCreate ??
              (environment.kind === 'personal' ? view.may('environment.write', environment.name) : null)
            }
          >
            New environment based on it
          </MenuItem>
          <MenuItem icon={<GitCompare />} onSelect={() => view.compare(environment)}>
            {environment.parent === null ? 'Compare and promotions' : `Compare with ${environment.parent} and promote`}
          </MenuItem>
          {environment.parent !== null && (
            <MenuItem
              icon={<Layers />}
              onSelect={() => view.open('copies', environment)}
              reason={environment.overrides.length === 0 ? 'No overrides' : null}
            >
              Overrides, reset
            </MenuItem>
          )}
          {environment.parent !== null && (
            <MenuItem
              icon={<CornerDownRight />}
              onSelect={() => view.open('move', environment)}
              reason={view.may('environment.write', environment.name)}
            >
              Move to another parent
            </MenuItem>
          )}
          {doesExpire(environment.kind) && (
            <MenuItem
              icon={<Hourglass />}
              onSelect={() => view.keep(environment)}
              reason={view.may('environment.write', environment.name)}
            >
              Keep for another 72 hours
            </MenuItem>
          )}
          <MenuLine />
          <MenuItem
            icon={<ShieldCheck />}
            onSelect={() => view.open('protect', environment)}
            reason={view.may('environment.protect', environment.name)}
          >
            {environment.protection === null ? 'Protect' : 'Protection of'} {environment.name}
          </MenuItem>
          {environment.kind === 'personal' && (
            <MenuItem
              icon={<UserPlus />}
              onSelect={() => view.open('people', environment)}
              reason={view.may('environment.admit', environment.name)}
            >
              Give people access
            </MenuItem>
          )}
          {environment.parent !== null && (
            <MenuItem
              icon={environment.pinned === null ? <Pin /> : <RefreshCw />}
              onSelect={() => view.pin(environment)}
              reason={view.may('environment.write', environment.name)}
            >
              {environment.pinned === null
                ? `Pin to the current ${environment.parent}`
                : `Pin again, to the current ${environment.parent}`}
            </MenuItem>
          )}
          {environment.pinned !== null && (
            <MenuItem
              icon={<PinOff />}
              onSelect={() => view.unpin(environment)}
              reason={view.may('environment.write', environment.name)}
            >
              Follow {environment.parent} again
            </MenuItem>
          )}
          <MenuLine />
          <MenuItem
            icon={<Trash2 />}
            bad
            onSelect={() => view.open('delete', environment)}
            reason={view.may('environment.delete', environment.name) ?? whyKept(environment, children)}
          >
            Delete {environment.name}
          </MenuItem>
        </Menu>
      ),
    },
  ]
}

const step = 18

/** From the parent's shape down to this one's, past those whose siblings come below, and on to its own children. */
function TreeLines({ depth, last, rails, children }: Branch) {
  const line = 'absolute border-border-strong'
  return (
    <span aria-hidden className="relative h-[46px] shrink-0 self-stretch" style={{ width: depth * step }}>
      {children.length > 0 && (
        <span className={clsx(line, 'top-[calc(50%+9px)] bottom-0 border-l')} style={{ left: depth * step + 5 }} />
      )}
      {rails.map(
        (goesOn, level) =>
          goesOn && (
            <span key={level} className={clsx(line, 'inset-y-0 border-l')} style={{ left: level * step + 5 }} />
          ),
      )}
      {depth > 0 && (
        <span
          className={clsx(line, 'top-0 h-1/2 w-[9px] rounded-bl-[4px] border-b border-l')}
          style={{ left: (depth - 1) * step + 5 }}
        />
      )}
      {depth > 0 && !last && (
        <span className={clsx(line, 'inset-y-0 border-l')} style={{ left: (depth - 1) * step + 5 }} />
      )}
    </span>
  )
}

/** What it does not inherit, and who is changing something there. */
function Work({ environment }: { environment: Environment }) {
  const [latest, ...others] = environment.editing
  return (
    <span className="flex h-full min-w-0 flex-col justify-center gap-0.5">
      <Overrides environment={environment} />
      <Laptops environment={environment} />
      {latest !== undefined && environment.laptops.length === 0 && (
        <span
          className="flex items-center gap-1 text-small leading-4 text-muted"
          title={environment.editing.map(({ by, service }) => `${by} edits ${service}`).join('\n')}
        >
          <PencilLine aria-hidden className="size-3 shrink-0" />
          <span className="truncate">
            {latest.by} edits {latest.service}
            {others.length === 0 ? '' : ` and ${others.length} more`}
          </span>
        </span>
      )}
    </span>
  )
}

/** Which services answer from somebody's laptop, and since when. */
function Laptops({ environment: { laptops } }: { environment: Environment }) {
  const [first, ...others] = laptops
  if (first === undefined) return null
  return (
    <span
      className="flex min-w-0 items-center gap-1 text-small leading-4 text-accent"
      title={laptops.map((one) => `${one.service} runs on ${spokenLaptop(one.by)}`).join('\n')}
    >
      <Laptop aria-hidden className="size-3 shrink-0" />
      <span className="truncate">
        {first.service} on {spokenLaptop(first.by)} · <Time at={first.since} />
        {others.length === 0 ? '' : ` and ${others.length} more`}
      </span>
    </span>
  )
}

function Overrides({ environment }: { environment: Environment }) {
  const shown = environment.overrides.slice(0, 3)
  if (shown.length === 0)
    return (
      <span className="text-muted">
        {environment.parent === null
          ? 'nothing deployed'
          : `none, all from ${environment.parent}${environment.pinned === null ? '' : ' as it was'}`}
      </span>
    )
  return (
    <span className="flex items-center gap-1.5" title={environment.overrides.map(({ service }) => service).join(', ')}>
      <span className="flex min-w-0 flex-wrap gap-1.5 overflow-hidden h-[18px]">
        {shown.map(({ serviceId, service, revision }) => (
          <Badge key={serviceId}>
            <span className="text-text">{service}</span>
            <span className="font-mono">{revision.slice(0, 7)}</span>
          </Badge>
        ))}
      </span>
      {environment.overrides.length > shown.length && (
        <span className="shrink-0 text-small text-muted">and {environment.overrides.length - shown.length} more</span>
      )}
    </span>
  )
}

function Owner({ environment: { owner } }: { environment: Environment }) {
  if (owner === null) return <span className="text-muted">the team</span>
  return (
    <span className="flex min-w-0 items-center gap-2 text-muted">
      <Avatar name={owner.name} />
      <span className="truncate" title={owner.email}>
        {owner.name}
      </span>
    </span>
  )
}

function countedCopies({ overrides }: Environment): string {
  return overrides.length === 0
    ? 'no overrides'
    : overrides.length === 1
      ? '1 override'
      : `${overrides.length} overrides`
}

/** Why it cannot be deleted. */
export function whyKept(environment: Environment, children: readonly string[]): string | null {
  if (environment.parent === null) return 'A team always has production'
  if (children.length > 0) return `${children.join(', ')} ${children.length === 1 ? 'is' : 'are'} based on it`
  return null
}
