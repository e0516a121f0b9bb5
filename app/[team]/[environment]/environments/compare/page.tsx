import type { Metadata } from 'next'
import type { InTeam } from '#client/paths.ts'
import { Compare } from '#components/promotions/compare.tsx'
import { comparedWith } from '#components/promotions/compared-with.ts'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Compare environments' }

export default async function ComparePage({
  params,
  searchParams,
}: {
  params: Promise<InTeam>
  searchParams: Promise<{ against?: string | string[] }>
}) {
  const place = await params
  const { against } = await searchParams
  const named = typeof against === 'string' && against !== '' ? against : null
  return (
    <Prefetched
      queries={(trpc) => [
        trpc.environments.diff.queryOptions(comparedWith(place, named)),
        trpc.promotions.list.queryOptions(place),
      ]}
    >
      <Compare against={named} />
    </Prefetched>
  )
}
