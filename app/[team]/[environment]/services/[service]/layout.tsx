import type { Metadata } from 'next'
import type { ReactNode } from 'react'
import type { OfService } from '#client/paths.ts'
import { ServiceHeader } from '#components/frame/service-header.tsx'
import { PlaceOf } from '#components/ui/place-of.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export async function generateMetadata({ params }: { params: Promise<OfService> }): Promise<Metadata> {
  const { service, environment } = await params
  return { title: { default: service, template: `%s · ${service} · ${environment} · M3O` } }
}

/** The tabs scroll, or fill what the head leaves, each by itself. */
export default async function ServiceLayout({ params, children }: { params: Promise<OfService>; children: ReactNode }) {
  const at = await params
  return (
    <Prefetched queries={(trpc) => [trpc.services.get.queryOptions(at)]}>
      <div className="flex h-full flex-col">
        <ServiceHeader />
        <div data-scroller className="relative min-h-0 grow overflow-x-hidden overflow-y-auto">
          <PlaceOf what="tab">{children}</PlaceOf>
        </div>
      </div>
    </Prefetched>
  )
}
