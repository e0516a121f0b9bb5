'use client'
import { useQuery } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { environmentChoices, type Hop, nested, whoseCopy } from '#contract/traces.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { EnvironmentName } from '#components/environments/environment-mark.tsx'
import { useEnvironments } from '#components/frame/environment.ts'
import { usePlace } from '#components/frame/place.ts'
import { traceLogs } from './trace-logs-link.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { PointedLink } from '#components/ui/pointed-link.tsx'
import { RowsSkeleton } from '#components/ui/skeleton.tsx'
import { spokenDuration } from '#components/ui/time-words.ts'

/** The services that a call passed through: in which environment each was asked, why, whose copy answered, and when. */
export function TraceView({ traceId }: { traceId: string }) {
  const place = usePlace()
  const trpc = useTRPC()
  const { data: hops, error } = useQuery(trpc.calls.trace.queryOptions({ team: place.team, traceId }))
  if (error !== null)
    return (
      <div className="p-4">
        <ErrorLine error={error} />
      </div>
    )
  if (hops === undefined) return <RowsSkeleton rows={3} label="Loading the trace" />
  if (hops.length === 0)
    return (
      <p className="px-4 py-8 text-center text-pretty text-muted">
        The gateway no longer has this trace. Send the call again and open the trace soon after.
      </p>
    )
  const began = Math.min(...hops.map(({ at }) => at))
  const whole = Math.max(1, ...hops.map(({ at, ms }) => at + ms - began))
  const { href, services } = traceLogs(place, traceId, hops)
  return (
    <>
      <ol aria-label="Calls of the trace" className="divide-y divide-border">
        {nested(hops).map(({ hop, depth }) => (
          <HopRow key={hop.span} hop={hop} depth={depth} from={(hop.at - began) / whole} share={hop.ms / whole} />
        ))}
      </ol>
      {services.length > 0 && (
        <p className="border-t border-border px-4 py-2 text-small">
          <PointedLink href={href} className="text-accent">
            Logs of {services.length === 1 ? services[0] : `these ${services.length} services`}
          </PointedLink>
          <span className="text-muted">, with this trace id</span>
        </p>
      )}
    </>
  )
}

function HopRow({ hop, depth, from, share }: { hop: Hop; depth: number; from: number; share: number }) {
  const place = usePlace()
  const environments = useEnvironments()
  const { service, team, environment, status, ms, method, path, choice } = hop
  const name = team.name === place.team ? service.name : `@${team.name}/${service.name}`
  const kind = environments.find(({ id }) => id === environment.id)?.kind
  return (
    <li className="px-4 py-2" style={{ paddingLeft: 16 + Math.min(depth, 8) * 16 }}>
      <div className="flex items-baseline gap-x-3">
        <span className="min-w-0 truncate">
          {team.name === place.team ? (
            <PointedLink
              href={paths.service({ ...place, environment: environment.name, service: service.name })}
              className="font-medium"
            >
              {name}
            </PointedLink>
          ) : (
            <span className="font-medium">{name}</span>
          )}{' '}
          <span className="font-mono text-small text-muted">
            {method} {path}
          </span>
        </span>
        <span
          className={clsx(
            'ml-auto shrink-0 font-mono text-small',
            status >= 500 ? 'text-bad' : status >= 400 ? 'text-warn' : 'text-muted',
          )}
        >
          {status}
        </span>
        <span className="tabular w-16 shrink-0 text-right text-small">{spokenDuration(ms)}</span>
      </div>
      <div aria-hidden className="mt-1.5 h-[3px] rounded-full bg-sunken">
        <div
          className={clsx('h-full min-w-[3px] rounded-full', status >= 500 ? 'bg-bad' : 'bg-accent')}
          style={{ marginLeft: `${from * 99}%`, width: `${share * 100}%`, maxWidth: `${(1 - from) * 100}%` }}
        />
      </div>
      <p className="mt-1 flex flex-wrap items-center gap-x-1.5 text-small text-muted">
        {kind === undefined ? (
          <span className="text-text">{environment.name}</span>
        ) : (
          <span className="text-text">
            <EnvironmentName name={environment.name} kind={kind} />
          </span>
        )}
        <span>{environmentChoices[choice]};</span>
        <span>{whoseCopy(hop)}</span>
        {hop.revision !== null && <span className="font-mono">{hop.revision}</span>}
      </p>
    </li>
  )
}
