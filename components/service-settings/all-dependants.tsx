'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { DependantsList } from './dependants-list.tsx'

/** Everybody who has called it lately. */
export function AllDependants({ title, none }: { title: string; none: string }) {
  const at = useService()
  const { data: all } = useSuspenseQuery(
    useTRPC().services.dependants.queryOptions({ team: at.team, service: at.service }),
  )
  return all.length === 0 ? <p className="text-muted">{none}</p> : <DependantsList title={title} dependants={all} />
}
