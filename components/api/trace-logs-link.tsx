'use client'
import { useQuery } from '@tanstack/react-query'
import type { Hop } from '#contract/traces.ts'
import { type InTeam, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { PointedLink } from '#components/ui/pointed-link.tsx'

const beforeMs = 1_000
const afterMs = 10_000

/** Where the lines of a trace are: in the logs of all services that it passed through, at that time. Another team's are not ours to read. */
export function traceLogs(place: InTeam, traceId: string, hops: readonly Hop[]): { href: string; services: string[] } {
  const own = hops.filter(({ team }) => team.name === place.team)
  const services = [...new Set(own.map(({ service }) => service.name))]
  if (services.length === 0) return { href: paths.logs(place, { trace: traceId }), services }
  const from = new Date(Math.min(...own.map(({ at }) => at)) - beforeMs).toISOString()
  const until = new Date(Math.max(...own.map(({ at, ms }) => at + ms)) + afterMs).toISOString()
  return { href: paths.logs(place, { trace: traceId, services: services.join(','), from, until }), services }
}

/** Beside an answer: all that was logged for it. */
export function TraceLogsLink({ place, traceId, children }: { place: InTeam; traceId: string; children: string }) {
  const { data: hops = [] } = useQuery(useTRPC().calls.trace.queryOptions({ team: place.team, traceId }))
  return (
    <PointedLink
      href={traceLogs(place, traceId, hops).href}
      className="text-accent"
      title="Logs of all services in this trace"
    >
      {children}
    </PointedLink>
  )
}
