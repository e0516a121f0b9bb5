import type { Metadata } from 'next'
import { ApiScreen } from '#components/api/api-screen.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'API' }

/** The service itself is what the layout has loaded. */
export default function ApiPage() {
  return (
    <Prefetched queries={(trpc) => [trpc.platform.about.queryOptions()]}>
      <ApiScreen />
    </Prefetched>
  )
}
