import type { Metadata } from 'next'
import type { InTeam } from '#client/paths.ts'
import { PromotionDetail } from '#components/promotions/promotion-detail.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Promotion' }

export default async function PromotionPage({ params }: { params: Promise<InTeam & { promotion: string }> }) {
  const { team, promotion } = await params
  return (
    <Prefetched queries={(trpc) => [trpc.promotions.get.queryOptions({ team, promotionId: promotion })]}>
      <PromotionDetail />
    </Prefetched>
  )
}
