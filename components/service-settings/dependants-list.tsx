import type { Dependant } from '#contract/sharing.ts'
import { Time } from '#components/ui/time.tsx'

const most = 8

/** Those who would notice, with how often and when they called last. */
export function DependantsList({ title, dependants }: { title: string; dependants: readonly Dependant[] }) {
  return (
    <div role="status" className="rounded border border-warn/40 bg-warn-soft px-3 py-2">
      <p className="font-medium">{title}</p>
      <ul className="mt-1 flex flex-col gap-0.5">
        {dependants.slice(0, most).map(({ team, service, endpoints, requests, lastAt }) => (
          <li key={`${team}/${service ?? ''}`} className="flex flex-wrap items-baseline gap-x-2">
            <span className="min-w-0 break-words">
              {service === null ? (
                team === '' ? (
                  'Anyone, not signed in'
                ) : (
                  `Members of ${team}`
                )
              ) : (
                <>
                  <span className="text-muted">@{team}/</span>
                  {service}
                </>
              )}
            </span>
            <span className="tabular text-small text-muted">
              {requests.toLocaleString('en-GB')} {requests === 1 ? 'call' : 'calls'}, <Time at={lastAt} />
              {endpoints.length > 0 && `: ${endpoints.slice(0, 4).join(', ')}${endpoints.length > 4 ? ' …' : ''}`}
            </span>
          </li>
        ))}
        {dependants.length > most && <li className="text-muted">and {dependants.length - most} more</li>}
      </ul>
    </div>
  )
}
