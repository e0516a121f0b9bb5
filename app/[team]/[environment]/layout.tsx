import type { ReactNode } from 'react'
import { Frame } from '#components/frame/frame.tsx'
import { requireMember } from '#app/bridge.ts'
import { Prefetched } from '#app/prefetched.tsx'

export default async function ConsoleLayout({ params, children }: { params: Promise<{ team: string; environment: string }>; children: ReactNode }) {
  const place = await params
  await requireMember(place)
  return (
    <Prefetched queries={(trpc) => [trpc.person.me.queryOptions(), trpc.environments.list.queryOptions({ team: place.team })]}>
      <Frame>{children}</Frame>
    </Prefetched>
  )
}
