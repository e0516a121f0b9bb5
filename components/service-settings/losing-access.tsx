'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import type { Audience } from '#contract/routing.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { DependantsList } from './dependants-list.tsx'
import { isOf } from './who-may-call.ts'

/** Who has called it lately and could not any more; nothing when all of them could. */
export function LosingAccess({ audience }: { audience: Audience }) {
  const at = useService()
  const { data: all } = useSuspenseQuery(
    useTRPC().services.dependants.queryOptions({ team: at.team, service: at.service }),
  )
  const losing = all.filter(({ team }) => team !== at.team && !isOf(audience, team))
  if (losing.length === 0) return null
  return <DependantsList title="These callers would lose access:" dependants={losing} />
}
