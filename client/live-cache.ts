'use client'
import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Deployment, PlatformEvent } from '#contract/records.ts'
import { live, useLive } from './live.ts'
import { type Inputs, type Outputs, useTRPC } from './trpc.ts'

type Trpc = ReturnType<typeof useTRPC>
type Rows = Outputs['deployments']['list']

/** Keeps what the page shows true to a team's events: once, in the frame. No screen polls, none fetches in an effect. */
export function useLiveCache(team: string, asOf: string, also: (event: PlatformEvent) => void = () => {}): void {
  const trpc = useTRPC()
  const cache = useQueryClient()
  // What happened while the page was on its way comes first; a later page of the same frame is no reason to listen anew.
  const [since] = useState(asOf)
  useLive('team', { team, since }, (event) => {
    apply(event, trpc, cache)
    also(event)
  })
  useEffect(() => live().onResync(() => void cache.invalidateQueries()), [cache])
}

function apply(event: PlatformEvent, trpc: Trpc, cache: QueryClient): void {
  const stale = (...filters: { queryKey?: unknown }[]) => filters.forEach((filter) => soon(cache, filter))
  switch (event.type) {
    case 'deployment':
      putDeployment(event.deployment, trpc, cache)
      if (event.deployment.promotionId !== null) stale(trpc.promotions.get.pathFilter())
      // What was committed for it may have moved the branch under a draft.
      return stale(
        trpc.services.pathFilter(),
        trpc.source.status.pathFilter(),
        ...(event.deployment.endedAt === null
          ? []
          : [trpc.environments.pathFilter(), trpc.promotions.requests.pathFilter(), trpc.source.history.pathFilter()]),
      )
    case 'service':
      return stale(
        trpc.services.pathFilter(),
        trpc.consumers.pathFilter(),
        trpc.shared.pathFilter(),
        trpc.variables.pathFilter(),
        trpc.promotions.requests.pathFilter(),
        trpc.terminals.pathFilter(),
      )
    case 'promotion':
      for (const [key] of cache.getQueriesData(trpc.promotions.get.pathFilter())) {
        if (inputOf<Inputs['promotions']['get']>(key)?.promotionId === event.promotion.id)
          cache.setQueryData(key, event.promotion)
      }
      return stale(
        trpc.promotions.list.pathFilter(),
        trpc.environments.diff.pathFilter(),
        ...(event.promotion.undoes === null ? [] : [trpc.promotions.get.pathFilter()]),
      )
    case 'environment':
      return stale(trpc.environments.pathFilter(), trpc.services.pathFilter(), trpc.promotions.requests.pathFilter())
    case 'team':
      return stale(
        trpc.teams.pathFilter(),
        trpc.members.pathFilter(),
        trpc.invitations.pathFilter(),
        trpc.tokens.pathFilter(),
        trpc.person.me.pathFilter(),
      )
    case 'draft':
      return stale(
        trpc.source.status.pathFilter(),
        trpc.source.drafts.pathFilter(),
        trpc.source.tree.pathFilter(),
        trpc.source.steps.pathFilter(),
      )
    case 'traffic':
      soon(cache, trpc.metrics.service.pathFilter(), curvesMs)
      soon(cache, trpc.metrics.activity.pathFilter(), activityMs)
      soon(cache, trpc.metrics.lately.pathFilter(), activityMs)
      return stale(trpc.services.traffic.pathFilter())
  }
}

/** A deployment comes whole with its event: it is put into every list that it belongs to, without a request. */
function putDeployment(deployment: Deployment, trpc: Trpc, cache: QueryClient): void {
  for (const [key] of cache.getQueriesData(trpc.deployments.get.pathFilter())) {
    if (inputOf<Inputs['deployments']['get']>(key)?.deploymentId === deployment.id) cache.setQueryData(key, deployment)
  }
  for (const [key, data] of cache.getQueriesData<Rows | { pages: Rows[] }>(trpc.deployments.list.pathFilter())) {
    const input = inputOf<Inputs['deployments']['list']>(key)
    if (data === undefined) continue
    const fits = (['service', 'environment', 'by', 'state'] as const).every(
      (name) => (input?.[name] ?? deployment[name]) === deployment[name],
    )
    // One that went on to another state leaves the list of those in the one before.
    if (!fits && input?.state !== undefined && Array.isArray(data))
      cache.setQueryData(
        key,
        data.filter(({ id }) => id !== deployment.id),
      )
    if (!fits) continue
    if (Array.isArray(data))
      cache.setQueryData(key, input?.before == null ? put(data, deployment, true) : put(data, deployment, false))
    else
      cache.setQueryData(key, {
        ...data,
        pages: data.pages.map((page, at) =>
          put(
            page,
            deployment,
            at === 0 && !data.pages.slice(1).some((later) => later.some(({ id }) => id === deployment.id)),
          ),
        ),
      })
  }
}

/** Replaced where it stands; or, at the top of what is newest first, added. What it took over from is not current any more. */
function put(rows: Rows, deployment: Deployment, add: boolean): Rows {
  const known = rows.some(({ id }) => id === deployment.id)
  const replaced = rows.map((row) => {
    if (row.id === deployment.id) return deployment
    const superseded =
      deployment.current &&
      row.current &&
      row.serviceId === deployment.serviceId &&
      row.environmentId === deployment.environmentId
    return superseded ? { ...row, current: false } : row
  })
  return known || !add ? replaced : [deployment, ...replaced]
}

const inputOf = <Input>(key: readonly unknown[]): Input | undefined => (key[1] as { input?: Input } | undefined)?.input

const waiting = new Map<string, ReturnType<typeof setTimeout>>()
const settleMs = 120
/** A curve need not be drawn again with each call. */
const curvesMs = 2_000
const activityMs = 10_000

/** Events come in bursts: what they make stale is fetched once for all of them. */
function soon(cache: QueryClient, filter: { queryKey?: unknown }, waitMs = settleMs): void {
  const name = JSON.stringify(filter.queryKey)
  if (waiting.has(name)) return
  waiting.set(
    name,
    setTimeout(() => {
      waiting.delete(name)
      void cache.invalidateQueries(filter as Parameters<QueryClient['invalidateQueries']>[0])
    }, waitMs),
  )
}
