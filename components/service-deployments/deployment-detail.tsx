'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { ArrowLeft, Undo2, X } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useParams } from 'next/navigation'
import { Suspense, useState } from 'react'
import type { Deployment } from '#contract/records.ts'
import { deploymentCan, isUnderWay } from '#contract/states.ts'
import { type OfService, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useCancel } from '#components/deployments/cancel.ts'
import { DeploymentStateMark } from '#components/deployments/deployment-state.tsx'
import { firstPage } from '#components/deployments/first-page.ts'
import { useActions } from '#components/frame/actions.ts'
import { useMay } from '#components/frame/may.ts'
import { useService } from '#components/frame/service.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'
import { Panel } from '#components/ui/page.tsx'
import { ShortId } from '#components/ui/short-id.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { Duration, Time } from '#components/ui/time.tsx'
import { DeploymentDiff } from './deployment-diff.tsx'
import { DeploymentFailure } from './deployment-failure.tsx'
import { DeploymentLog } from './deployment-log.tsx'
import { PhaseBars } from './phase-bars.tsx'
import { WatchNote } from './watch-note.tsx'
import { firstLine, lastLike, routeWords, whyNotBack } from './words.ts'

const RollbackDialog = dynamic(
  () => import('#components/service/stop-dialogs.tsx').then((module) => module.RollbackDialog),
  { ssr: false },
)

/** One deployment: its phases, why it failed, what it changed, what was said; and the way back. */
export function DeploymentDetail() {
  const at = useService()
  const { deployment: id } = useParams<{ deployment: string }>()
  const trpc = useTRPC()
  const { data: deployment } = useSuspenseQuery(trpc.deployments.get.queryOptions({ team: at.team, deploymentId: id }))
  const { data: others } = useSuspenseQuery(trpc.deployments.list.queryOptions(firstPage(at)))
  // While it is in progress its output matters most; the place stays when it ends.
  const [wasUnder] = useState(() => isUnderWay(deployment.state))
  const log = (
    <Suspense key="log" fallback={<Skeleton className="h-40" />}>
      <DeploymentLog key={id} at={at} deployment={deployment} />
    </Suspense>
  )
  return (
    <div className="mx-auto flex max-w-[1280px] flex-col gap-6 px-4 py-5 sm:px-6">
      <Head at={at} deployment={deployment} />
      {deployment.watchedUntil !== null && <WatchNote until={deployment.watchedUntil} />}
      {deployment.error !== null && <DeploymentFailure at={at} deployment={deployment} error={deployment.error} />}
      <Panel>
        <PhaseBars deployment={deployment} last={lastLike(deployment, others)} />
      </Panel>
      {wasUnder && log}
      <Suspense fallback={<Skeleton className="h-40" />}>
        <DeploymentDiff at={at} deployment={deployment} />
      </Suspense>
      {!wasUnder && log}
    </div>
  )
}

function Head({ at, deployment }: { at: OfService; deployment: Deployment }) {
  const may = useMay()('service.deploy')
  const cancel = useCancel(at.team)
  const [back, setBack] = useState(false)
  const under = isUnderWay(deployment.state)
  const can = deploymentCan.cancel(deployment.state)
  const cancelReason = may ?? (can === true ? null : `It cannot be stopped while it is ${deployment.state}`)
  const backReason = may ?? whyNotBack(deployment)
  useActions([
    {
      id: 'deployment.cancel',
      title: 'Cancel this deployment',
      icon: <X />,
      reason: cancelReason,
      run: () => cancel(deployment),
    },
    {
      id: 'deployment.rollback',
      title: `Roll back to ${deployment.revision}`,
      icon: <Undo2 />,
      reason: backReason,
      run: () => setBack(true),
    },
  ])
  const [, ...more] = deployment.message.split('\n')
  return (
    <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0 grow basis-80">
        <Link
          href={paths.service(at, 'deployments')}
          className="mb-1 inline-flex items-center gap-1 text-small text-muted no-underline hover:text-text"
        >
          <ArrowLeft aria-hidden className="size-3" />
          Deployments
        </Link>
        <h2 className="flex flex-wrap items-center gap-x-2 gap-y-1 text-title font-semibold">
          <span className="min-w-0 break-words">
            {firstLine(deployment.message) || `Deployment of ${deployment.revision}`}
          </span>
          {deployment.kind !== 'deploy' && <Badge>{deployment.kind}</Badge>}
        </h2>
        {more.join('\n').trim() !== '' && (
          <p className="mt-1 whitespace-pre-wrap break-words text-muted">{more.join('\n').trim()}</p>
        )}
        <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-muted">
          <DeploymentStateMark state={deployment.state} past={!deployment.current} />
          {deployment.current && <Badge tone="ok">live</Badge>}
          <ShortId id={deployment.revision} />
          <span>
            {deployment.by} {routeWords[deployment.route]}, <Time at={deployment.createdAt} />
          </span>
          {deployment.promotionId !== null && (
            <Link href={paths.promotion(at, deployment.promotionId)}>with a promotion</Link>
          )}
          <span>
            {under ? 'for ' : 'took '}
            <Duration
              ms={
                deployment.endedAt === null
                  ? null
                  : (deployment.durationMs ?? deployment.endedAt - deployment.createdAt)
              }
              since={deployment.createdAt}
            />
          </span>
        </p>
      </div>
      <div className="flex items-center gap-2">
        {under ? (
          <Button reason={cancelReason} onClick={() => cancel(deployment)}>
            <X />
            Cancel
          </Button>
        ) : (
          <Button reason={backReason} onClick={() => setBack(true)}>
            <Undo2 />
            Roll back to this
          </Button>
        )}
      </div>
      {back && <RollbackDialog at={at} to={deployment} onDismiss={() => setBack(false)} />}
    </header>
  )
}
