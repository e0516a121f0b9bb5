'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { BookOpen } from 'lucide-react'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { Docs } from '#components/service/docs.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'

/** What its repository says of it, as its production serves it. */
export function SharedDocs({ name }: { name: string }) {
  const { team } = usePlace()
  const { data: docs } = useSuspenseQuery(useTRPC().shared.docs.queryOptions({ team, name }))
  if (docs.length === 0)
    return (
      <EmptyState icon={<BookOpen />} title="No documentation">
        A README.md and files in the docs folder appear here.
      </EmptyState>
    )
  return (
    <div className="px-4 py-5 sm:px-6">
      <Docs docs={docs} />
    </div>
  )
}
