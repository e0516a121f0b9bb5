'use client'
import { Undo2, X } from 'lucide-react'
import type { Deployment, Environment } from '#contract/records.ts'
import { deploymentCan, isUnderWay } from '#contract/states.ts'
import { paths } from '#client/paths.ts'
import { EnvironmentName } from '#components/environments/environment-mark.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { IconButton } from '#components/ui/button.tsx'
import { headAndRest } from '#components/ui/problem.ts'
import { RowLink } from '#components/ui/row-link.tsx'
import { ShortId } from '#components/ui/short-id.tsx'
import { type Column, rowControl } from '#components/ui/table.tsx'
import { Duration, Time } from '#components/ui/time.tsx'
import { whyNotBack } from '#components/service-deployments/words.ts'
import { DeploymentStateMark } from './deployment-state.tsx'
import { PhaseTimeline } from './phase-timeline.tsx'

export interface DeploymentsView {
  team: string
  kinds: ReadonlyMap<string, Environment['kind']>
  /** Why one may not cancel; null when one may. */
  mayCancel: (environment: string) => string | null
  cancel: (deployment: Deployment) => void
  rollBack: (deployment: Deployment) => void
}

/** Columns of deployments wherever they are listed; with `service: false` for lists of one service. */
export function deploymentColumns(
  { team, kinds, mayCancel, cancel, rollBack }: DeploymentsView,
  options: { service?: boolean } = {},
): Column<Deployment>[] {
  const columns: (Column<Deployment> | false)[] = [
    {
      key: 'state',
      header: 'State',
      width: 'w-32',
      cell: (each) => <DeploymentStateMark state={each.state} past={!each.current} />,
    },
    options.service !== false && {
      key: 'service',
      header: 'Service',
      width: 'sm:w-48',
      cell: (each) => (
        <RowLink href={deploymentPath(team, each)} className="font-medium">
          {each.service}
        </RowLink>
      ),
    },
    {
      key: 'environment',
      header: 'Environment',
      width: 'w-36',
      from: 'sm',
      cell: (each) => {
        const kind = kinds.get(each.environment)
        return kind === undefined ? (
          <span className="text-muted">{each.environment} (deleted)</span>
        ) : (
          <EnvironmentName name={each.environment} kind={kind} />
        )
      },
    },
    {
      key: 'revision',
      header: 'Revision',
      width: 'w-24',
      from: 'md',
      cell: (each) => <ShortId id={each.revision} className={rowControl} />,
    },
    {
      key: 'message',
      header: 'What',
      from: 'lg',
      cell: (each) => (
        <span className="flex min-w-0 items-center gap-2">
          {options.service === false && (
            <RowLink href={deploymentPath(team, each)} className="sr-only">
              Deployment of {each.revision}
            </RowLink>
          )}
          {each.kind !== 'deploy' && <Badge>{each.kind}</Badge>}
          <span className="truncate text-muted" title={each.error?.message ?? each.message}>
            {each.state === 'failed' && each.error !== null
              ? headAndRest(each.error.message).head
              : each.message.split('\n')[0]}
          </span>
        </span>
      ),
    },
    {
      key: 'phases',
      header: 'Phases',
      width: 'w-52',
      from: 'md',
      cell: (each) => (
        <span className="flex items-center gap-2">
          <PhaseTimeline deployment={each} className="w-24 shrink-0" />
          <Duration
            className="text-small text-muted"
            ms={each.durationMs ?? endOf(each)}
            since={isUnderWay(each.state) ? each.createdAt : undefined}
          />
          {isUnderWay(each.state) && (
            <IconButton
              size="small"
              label="Cancel"
              className={`${rowControl} ml-auto`}
              reason={mayCancel(each.environment) ?? reasonOf(deploymentCan.cancel(each.state))}
              onClick={() => cancel(each)}
            >
              <X />
            </IconButton>
          )}
          {whyNotBack(each) === null && (
            <IconButton
              size="small"
              label={`Roll back to ${each.revision}`}
              className={`${rowControl} ml-auto opacity-0 group-focus-within:opacity-100 group-hover:opacity-100`}
              reason={mayCancel(each.environment)}
              onClick={() => rollBack(each)}
            >
              <Undo2 />
            </IconButton>
          )}
        </span>
      ),
    },
    {
      key: 'by',
      header: 'By',
      width: 'w-40',
      from: 'lg',
      cell: (each) => <span className="text-muted">{each.by}</span>,
    },
    {
      key: 'at',
      header: 'Started',
      width: 'w-28',
      align: 'end',
      cell: (each) => <Time at={each.createdAt} className="text-muted" />,
    },
  ]
  return columns.filter((column) => column !== false)
}

const deploymentPath = (
  team: string,
  { environment, service, id }: Pick<Deployment, 'environment' | 'service' | 'id'>,
) => paths.deployment({ team, environment, service }, id)

const endOf = ({ endedAt, createdAt }: Deployment) => (endedAt === null ? null : endedAt - createdAt)
const reasonOf = (can: true | string) => (can === true ? null : can)
