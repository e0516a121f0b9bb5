'use client'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { ArrowLeft, Undo2, X } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useParams, useRouter } from 'next/navigation'
import { useState } from 'react'
import type { Promotion } from '#contract/promotions.ts'
import { promotionCan } from '#contract/states.ts'
import { type InTeam, paths } from '#client/paths.ts'
import { toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { DeploymentStateMark } from '#components/deployments/deployment-state.tsx'
import { useActions } from '#components/frame/actions.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { StateMark } from '#components/ui/state-mark.tsx'
import { Duration, Time } from '#components/ui/time.tsx'
import { PromotionStateMark, titleOf } from './promotion-state.tsx'

const TakeBack = dynamic(() => import('./take-back.tsx').then((module) => module.TakeBack), { ssr: false })

/** One promotion: how far each of its services is, how it ended, and the way back. */
export function PromotionDetail() {
  const place = usePlace()
  const { promotion: id } = useParams<{ promotion: string }>()
  const trpc = useTRPC()
  const router = useRouter()
  const { data: promotion } = useSuspenseQuery(trpc.promotions.get.queryOptions({ team: place.team, promotionId: id }))
  const may = useMay()('environment.promote')
  const [back, setBack] = useState(false)
  const cancel = useMutation(trpc.promotions.cancel.mutationOptions({ onError: toastError }))
  const underWay = promotion.endedAt === null
  const can = promotionCan.cancel(promotion.state)
  const cancelReason = may ?? (can === true ? null : `It cannot be stopped: ${can}`)
  const backReason =
    may ?? (promotion.undoes !== null ? 'It is itself an undo: promote again instead' : promotion.whyNotUndone)
  useActions([
    {
      id: 'promotion.cancel',
      title: 'Cancel this promotion',
      icon: <X />,
      reason: cancelReason,
      run: () => cancel.mutate({ team: place.team, promotionId: id }),
    },
    {
      id: 'promotion.undo',
      title: 'Undo this promotion',
      icon: <Undo2 />,
      reason: backReason,
      run: () => setBack(true),
    },
  ])
  const ready = promotion.services.filter(({ readyMs, state }) => readyMs !== null || state === null).length
  return (
    <div className="mx-auto flex max-w-[1280px] flex-col gap-6 px-4 py-5 sm:px-6">
      <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 grow basis-80">
          <Link
            href={paths.compare({ ...place, environment: promotion.from ?? promotion.into })}
            className="mb-1 inline-flex items-center gap-1 text-small text-muted no-underline hover:text-text"
          >
            <ArrowLeft aria-hidden className="size-3" />
            Compare {promotion.from ?? promotion.into}
          </Link>
          <h1 className="text-title font-semibold">{titleOf(promotion)}</h1>
          <p role="status" className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-muted">
            <PromotionStateMark promotion={promotion} />
            <span>
              {promotion.by}, <Time at={promotion.createdAt} />
            </span>
            <span>
              {underWay ? 'for ' : 'took '}
              <Duration ms={promotion.durationMs} since={promotion.createdAt} />
            </span>
            {underWay && (
              <span className="tabular">
                {ready} of {promotion.services.length} ready
              </span>
            )}
          </p>
          {promotion.undoes !== null && (
            <p className="mt-1 text-muted">
              It undid <Link href={paths.promotion(place, promotion.undoes)}>this promotion</Link>.
            </p>
          )}
          {promotion.undoneBy !== null && (
            <p className="mt-1 text-muted">
              It was undone by <Link href={paths.promotion(place, promotion.undoneBy)}>this one</Link>.
            </p>
          )}
        </div>
        <div className="flex items-center gap-2">
          {underWay ? (
            <Button
              reason={cancelReason}
              busy={cancel.isPending}
              onClick={() => cancel.mutate({ team: place.team, promotionId: id })}
            >
              <X />
              Cancel
            </Button>
          ) : (
            <Button reason={backReason} onClick={() => setBack(true)}>
              <Undo2 />
              Undo
            </Button>
          )}
        </div>
      </header>
      {promotion.error !== null && <ErrorLine error={promotion.error} />}
      <ul
        aria-label="Services of this promotion"
        className="divide-y divide-border overflow-hidden rounded border border-border bg-raised"
      >
        {promotion.services.map((each) => (
          <ServiceRow key={each.serviceId} place={place} promotion={promotion} each={each} />
        ))}
      </ul>
      {back && (
        <TakeBack
          team={place.team}
          promotion={promotion}
          onDone={(promotionId) => router.push(paths.promotion(place, promotionId))}
          onDismiss={() => setBack(false)}
        />
      )}
    </div>
  )
}

function ServiceRow({
  place,
  promotion,
  each,
}: {
  place: InTeam
  promotion: Promotion
  each: Promotion['services'][number]
}) {
  const at = { team: place.team, environment: promotion.into, service: each.service }
  return (
    <li className="flex min-h-[40px] flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2">
      <span className="w-24 shrink-0 sm:w-32">
        {each.state === null ? <Going promotion={promotion} /> : <DeploymentStateMark state={each.state} />}
      </span>
      <Link
        className="min-w-0 grow basis-24 truncate font-medium sm:w-52 sm:shrink-0 sm:grow-0 sm:basis-auto"
        href={each.deploymentId === null ? paths.service(at) : paths.deployment(at, each.deploymentId)}
      >
        {each.service}
      </Link>
      <span className="shrink-0 text-small">
        <code className="text-muted">{each.previousRevision ?? 'none'}</code>{' '}
        <span aria-hidden className="text-muted">
          →
        </span>{' '}
        {each.revision === null ? <span className="text-muted">inherited</span> : <code>{each.revision}</code>}
      </span>
      <span className="tabular text-small text-muted max-sm:basis-full max-sm:pl-28 sm:ml-auto">
        {each.readyMs !== null && (
          <>
            ready after <Duration ms={each.readyMs} />
          </>
        )}
        {each.left && promotion.state === 'live' && promotion.undoneBy === null && (
          <span className="max-sm:hidden"> · {promotion.from ?? 'its environment'} now inherits it</span>
        )}
      </span>
    </li>
  )
}

function Going({ promotion }: { promotion: Promotion }) {
  if (promotion.state === 'live') return <StateMark tone="ok" shape="dash" word="gone" />
  return (
    <StateMark
      tone="idle"
      shape={promotion.endedAt === null ? 'ring' : 'dash'}
      word={promotion.endedAt === null ? 'goes' : 'stays'}
    />
  )
}
