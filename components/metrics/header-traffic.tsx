'use client'
import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { type OfService, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { Sparkline } from '#components/ui/sparkline.tsx'

/** Beside a service's name: how much it was called in the last hour. Nothing waits for it. */
export function HeaderTraffic({ at }: { at: OfService }) {
  const { data: own } = useQuery(useTRPC().metrics.lately.queryOptions(at))
  if (!own) return null
  const total = own.requests.reduce((sum, each) => sum + each, 0)
  return (
    <Link
      href={paths.service(at, 'metrics')}
      className="hidden items-center gap-2 text-small text-muted no-underline hover:text-text md:flex"
      title={`${total.toLocaleString('en-GB')} requests in the last hour, ${own.errors === 0 ? 'no errors' : `${own.errors.toLocaleString('en-GB')} errors`}`}
    >
      <Sparkline
        values={own.requests}
        width={72}
        height={18}
        tone={own.errors * 100 > total ? 'text-bad' : 'text-accent'}
        label={`Requests over the last hour, ${total} in all${own.errors > 0 ? `, ${own.errors} of them errors` : ''}`}
      />
    </Link>
  )
}
