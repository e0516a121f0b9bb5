'use client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Check, Eye, X } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { Fragment } from 'react'
import type { PromotionRequest } from '#contract/promotions.ts'
import { paths } from '#client/paths.ts'
import { toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useMay, useViewer } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { Time } from '#components/ui/time.tsx'

/** Promotions that wait for a second pair of eyes: who may, and did not ask, lets them go or not. */
export function Requests() {
  const { team } = usePlace()
  const trpc = useTRPC()
  const waiting =
    useQuery(trpc.promotions.requests.queryOptions({ team })).data?.filter(({ state }) => state === 'waiting') ?? []
  if (waiting.length === 0) return null
  return (
    <ul aria-label="Promotion requests" className="divide-y divide-border border-b border-border bg-raised">
      {waiting.map((request) => (
        <Waiting key={request.id} request={request} />
      ))}
    </ul>
  )
}

function Waiting({
  request: { id, from, into, services, seen, changes, by, createdAt },
}: {
  request: PromotionRequest
}) {
  const place = usePlace()
  const trpc = useTRPC()
  const router = useRouter()
  const queries = useQueryClient()
  const { person } = useViewer()
  const mayPromote = useMay()('environment.promote', into)
  const refresh = () => void queries.invalidateQueries(trpc.promotions.requests.pathFilter())
  const approve = useMutation(
    trpc.promotions.approve.mutationOptions({
      onSuccess: ({ promotionId }) => router.push(paths.promotion(place, promotionId)),
      onSettled: refresh,
      onError: toastError,
    }),
  )
  const decline = useMutation(trpc.promotions.decline.mutationOptions({ onSettled: refresh, onError: toastError }))
  const isMine = by.id === person.id
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2 sm:px-6">
      <Eye className="size-4 shrink-0 text-warn" aria-hidden />
      <p className="min-w-0 grow basis-64 text-pretty">
        <b className="font-medium">{by.name}</b> requests to promote{' '}
        {services.map(({ id: service, name, parentRevision, revision }, at) => (
          <Fragment key={service}>
            {at > 0 && ', '}
            {name} <code className="text-muted">{parentRevision ?? 'none'}</code> → <code>{revision}</code>
          </Fragment>
        ))}{' '}
        from {from} into <b className="font-medium">{into}</b>
        <span className="text-muted">
          {' '}
          · waiting for approval · <Time at={createdAt} />
        </span>
        {changes.length > 0 && (
          <span className="mt-1 block text-small text-bad">
            Changed since the request:{' '}
            {changes.map(({ service, what }) => [service, what.join('; ')].filter(Boolean).join(': ')).join(' · ')}
          </span>
        )}
      </p>
      <span className="flex gap-2">
        <Button onClick={() => router.push(paths.compare({ team: place.team, environment: from }))}>Compare</Button>
        <Button
          reason={mayPromote}
          busy={decline.isPending}
          onClick={() => decline.mutate({ team: place.team, requestId: id })}
        >
          <X />
          {isMine ? 'Withdraw' : 'Decline'}
        </Button>
        <Button
          kind="primary"
          reason={
            isMine
              ? 'Another person must approve your request'
              : (mayPromote ??
                (changes.length > 0 ? 'It changed since the request: decline it and ask for a new request' : null))
          }
          busy={approve.isPending}
          onClick={() => approve.mutate({ team: place.team, requestId: id, seen })}
        >
          <Check />
          Approve
        </Button>
      </span>
    </li>
  )
}
