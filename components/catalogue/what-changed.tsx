'use client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { BellRing } from 'lucide-react'
import Link from 'next/link'
import type { NewsItem, PendingAsk } from '#contract/sharing.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { Time } from '#components/ui/time.tsx'

/** What waits for an answer of this team, and what changed about other teams' services that it calls or one follows. Who closes it has read it. */
export function WhatChanged({ onDismiss }: { onDismiss: () => void }) {
  const place = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { data: news } = useQuery(trpc.shared.news.queryOptions({ team: place.team }))
  const { data: asks } = useQuery(trpc.consumers.asks.queryOptions({ team: place.team }))
  const read = useMutation(
    trpc.shared.newsSeen.mutationOptions({ onSuccess: () => queries.invalidateQueries(trpc.shared.news.pathFilter()) }),
  )
  const close = () => {
    if (news?.some(({ seen }) => !seen)) read.mutate({ team: place.team })
    onDismiss()
  }
  const isEmpty = news?.length === 0 && asks?.length === 0
  return (
    <Dialog
      title="What changed"
      description="News of the last 30 days about services of other teams that you follow or that this team calls."
      place="side"
      onDismiss={close}
    >
      {news === undefined || asks === undefined ? (
        <Skeleton className="h-40" />
      ) : isEmpty ? (
        <EmptyState icon={<BellRing />} title="Nothing new">
          Follow a service of another team on its page to see its changes here.
        </EmptyState>
      ) : (
        <div className="flex flex-col gap-5">
          {asks.length > 0 && (
            <section>
              <h3 className="mb-1.5 font-semibold">Waiting for you</h3>
              <ul className="divide-y divide-border rounded border border-warn/40 bg-warn-soft">
                {asks.map((ask) => (
                  <Ask key={`${ask.service}/${ask.team}`} ask={ask} close={close} />
                ))}
              </ul>
            </section>
          )}
          {news.length > 0 && (
            <ul aria-label="Changes" className="flex flex-col divide-y divide-border">
              {news.map((item) => (
                <Item key={item.id} item={item} close={close} />
              ))}
            </ul>
          )}
        </div>
      )}
    </Dialog>
  )
}

function Ask({ ask, close }: { ask: PendingAsk; close: () => void }) {
  const place = usePlace()
  return (
    <li className="px-3 py-2">
      <p className="break-words">
        <strong className="font-medium">{ask.team}</strong> requests approval to call{' '}
        <Link
          href={paths.service({ ...place, service: ask.service }, 'consumers')}
          onClick={close}
          className="text-text"
        >
          {ask.service}
        </Link>
      </p>
      <p className="text-small text-pretty break-words text-muted">
        {ask.reason} · {ask.by}, <Time at={ask.at} />
      </p>
    </li>
  )
}

function Item({ item, close }: { item: NewsItem; close: () => void }) {
  const place = usePlace()
  const isGone = item.kind === 'deleted' || item.kind === 'audience'
  const name = `@${item.team}/${item.service}`
  return (
    <li className="py-2.5">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
        {isGone ? (
          <span className="font-medium break-words">{name}</span>
        ) : (
          <Link
            href={
              item.team === place.team ? paths.service({ ...place, service: item.service }) : paths.shared(place, item)
            }
            onClick={close}
            className="font-medium break-words text-text"
          >
            {name}
          </Link>
        )}
        {!item.seen && <Badge tone={item.weighs ? 'warn' : 'busy'}>new</Badge>}
        <Time at={item.at} className="ml-auto text-small text-muted" />
      </p>
      <p className="text-pretty break-words">{item.text}</p>
      <p className="text-small text-muted">{item.why === 'followed' ? 'You follow it' : `${place.team} calls it`}</p>
    </li>
  )
}
