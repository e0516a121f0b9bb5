'use client'
import { Undo2 } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import type { Deployment } from '#contract/records.ts'
import { isUnderWay } from '#contract/states.ts'
import { type OfService, paths } from '#client/paths.ts'
import { DeploymentStateMark } from '#components/deployments/deployment-state.tsx'
import { PhaseTimeline } from '#components/deployments/phase-timeline.tsx'
import { useMay } from '#components/frame/may.ts'
import { Badge } from '#components/ui/badge.tsx'
import { IconButton } from '#components/ui/button.tsx'
import { sentence } from '#components/ui/problem.ts'
import { RowLink } from '#components/ui/row-link.tsx'
import { rowControl } from '#components/ui/table.tsx'
import { ShortId } from '#components/ui/short-id.tsx'
import { Duration, Time } from '#components/ui/time.tsx'
import { firstLine, whyNotBack } from './words.ts'

const RollbackDialog = dynamic(
  () => import('#components/service/stop-dialogs.tsx').then((module) => module.RollbackDialog),
  { ssr: false },
)

/** One deployment in two lines: what and how it went, then who, when and from where. */
export function DeploymentRow({ at, deployment: each }: { at: OfService; deployment: Deployment }) {
  const may = useMay()
  const [back, setBack] = useState(false)
  const failed = each.state === 'failed' && each.error !== null
  const took = {
    ms: each.endedAt === null ? null : (each.durationMs ?? each.endedAt - each.createdAt),
    since: isUnderWay(each.state) ? each.createdAt : undefined,
  }
  return (
    <li className="relative flex min-h-[54px] items-center gap-2 px-3 py-1 sm:gap-3 hover:bg-hover has-[[data-row-link]:focus-visible]:bg-hover">
      <span className="flex h-6 w-5 shrink-0 items-center self-start sm:hidden">
        <DeploymentStateMark state={each.state} past={!each.current} compact />
      </span>
      <span className="hidden h-6 w-[92px] shrink-0 items-center self-start sm:flex">
        <DeploymentStateMark state={each.state} past={!each.current} />
      </span>
      <span className="min-w-0 grow">
        <span className="flex min-w-0 items-center gap-2">
          <RowLink href={paths.deployment(at, each.id)} className="truncate leading-6 font-medium">
            {firstLine(each.message) || `Deployment of ${each.revision}`}
          </RowLink>
          {each.kind !== 'deploy' && <Badge>{each.kind}</Badge>}
          {each.current && (
            <span className="contents max-sm:hidden">
              <Badge tone="ok">live</Badge>
            </span>
          )}
        </span>
        <span className="flex min-h-6 min-w-0 items-center gap-1.5 text-small text-muted">
          {failed ? (
            <span className="truncate text-bad">{sentence(firstLine(each.error?.message ?? ''))}</span>
          ) : (
            <>
              <ShortId id={each.revision} className={`${rowControl} mx-0! -ml-1! min-h-6 shrink-0`} />
              <span className="truncate">
                {each.by}
                {each.route === 'cli' ? ' with m3o' : each.route === 'git' ? ' by git' : ''}
              </span>
            </>
          )}
        </span>
      </span>
      <span className="hidden w-40 shrink-0 items-center gap-2 md:flex">
        <PhaseTimeline deployment={each} className="w-20 shrink-0" />
        <Duration className="text-small text-muted" {...took} />
      </span>
      <IconButton
        size="small"
        label={`Roll back to ${each.revision}`}
        reason={may('service.deploy') ?? whyNotBack(each)}
        className={`${rowControl} max-sm:hidden ${whyNotBack(each) === null ? '' : 'invisible'}`}
        onClick={() => setBack(true)}
      >
        <Undo2 />
      </IconButton>
      {back && <RollbackDialog at={at} to={each} onDismiss={() => setBack(false)} />}
      <span className="flex shrink-0 flex-col self-start text-right text-small leading-6 text-muted sm:w-20">
        <Time at={each.createdAt} />
        <Duration className="md:hidden" {...took} />
      </span>
    </li>
  )
}
