'use client'
import { useQuery } from '@tanstack/react-query'
import { Bell } from 'lucide-react'
import { useTRPC } from '#client/trpc.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'

/** How much there is to know of what other teams changed, and to answer; they may come after the page. */
export function NewsButton({ team, open }: { team: string; open: () => void }) {
  const trpc = useTRPC()
  const news = useQuery(trpc.shared.news.queryOptions({ team })).data ?? []
  const asks = useQuery(trpc.consumers.asks.queryOptions({ team })).data ?? []
  const unseen = news.filter(({ seen }) => !seen).length + asks.length
  const weighs = asks.length > 0 || news.some((item) => !item.seen && item.weighs)
  return (
    <Button onClick={open} aria-label={unseen === 0 ? 'What changed' : `What changed: ${unseen} new`}>
      <Bell />
      <span className="max-sm:hidden">What changed</span>
      {unseen > 0 && (
        <Badge tone={weighs ? 'warn' : 'busy'}>
          <span className="tabular">{unseen}</span>
        </Badge>
      )}
    </Button>
  )
}
