import type { Metadata } from 'next'
import type { OfService } from '#client/paths.ts'
import { CodeTab } from '#components/code/code-tab.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Code' }

export default async function CodePage({ params }: { params: Promise<OfService> }) {
  const at = await params
  return (
    <Prefetched
      queries={(trpc) => [
        trpc.source.tree.queryOptions({ ...at, ref: { draft: true } }),
        trpc.source.status.queryOptions(at),
      ]}
    >
      <CodeTab />
    </Prefetched>
  )
}
