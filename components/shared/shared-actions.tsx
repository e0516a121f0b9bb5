'use client'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Bell, BellOff, GitFork } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import type { Service } from '#contract/records.ts'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useActions } from '#components/frame/actions.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'

const ForkDialog = dynamic(() => import('./fork-dialog.tsx').then((module) => module.ForkDialog), { ssr: false })

/** Why its source is closed to the team that looks; null when it is open. */
export function whyClosed({
  readable,
  access,
  revision,
}: Pick<Service, 'readable' | 'access' | 'revision'>): string | null {
  if (revision === null) return 'It was never deployed'
  if (readable === 'anyone' || (readable === 'callers' && (access === 'open' || access === 'approved'))) return null
  return readable === 'callers' ? 'Only callers can read its source' : 'Only its team can read its source'
}

/** What another team can do with a service besides calling it. */
export function SharedActions({ service, name }: { service: Service; name: string }) {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const may = useMay()
  const { data: followed } = useSuspenseQuery(trpc.shared.followed.queryOptions({ team }))
  const isFollowed = followed.includes(name)
  const [forking, setForking] = useState(false)
  const follow = useMutation(
    trpc.shared.follow.mutationOptions({
      onSuccess: (_, { follow: now }) => {
        void queries.invalidateQueries(trpc.shared.pathFilter())
        toastDone(
          now ? `You follow ${name}` : `You no longer follow ${name}`,
          now ? { description: 'Its changes appear in the catalogue under What changed.' } : {},
        )
      },
      onError: toastError,
    }),
  )
  const toggle = () => follow.mutate({ team, name, follow: !isFollowed })
  const reason = may('service.create', null) ?? whyClosed(service)
  useActions([
    {
      id: 'shared.follow',
      group: service.name,
      title: isFollowed ? 'Unfollow it' : 'Follow it: get notified of changes',
      words: 'watch notify',
      run: toggle,
    },
    {
      id: 'shared.fork',
      group: service.name,
      title: 'Fork it into this team',
      words: 'copy source',
      reason,
      run: () => setForking(true),
    },
  ])
  return (
    <>
      <Button size="small" busy={follow.isPending} aria-pressed={isFollowed} onClick={toggle}>
        {isFollowed ? <BellOff /> : <Bell />}
        {isFollowed ? 'Unfollow' : 'Follow'}
      </Button>
      <Button size="small" reason={reason} onClick={() => setForking(true)}>
        <GitFork />
        Fork
      </Button>
      {forking && <ForkDialog service={service} name={name} onDismiss={() => setForking(false)} />}
    </>
  )
}
