import type { Consumers } from '#contract/sharing.ts'
import { Panel } from '#components/ui/page.tsx'
import { Time } from '#components/ui/time.tsx'
import { spokenCount } from './usage.ts'

const most = 60

/** Each endpoint that was called, with its callers, the busiest first. Other paths come last. */
export function EndpointCalls({ calls, endpoints }: { calls: Consumers['calls']; endpoints: readonly string[] }) {
  const known = new Set(endpoints.map((name) => name.toLowerCase()))
  const groups = [...Map.groupBy(calls, ({ endpoint }) => endpoint)].sort(
    ([a], [b]) => Number(known.has(b.toLowerCase())) - Number(known.has(a.toLowerCase())) || a.localeCompare(b),
  )
  return (
    <Panel>
      <ul className="divide-y divide-border">
        {groups.slice(0, most).map(([endpoint, callers]) => (
          <li key={endpoint} className="flex flex-wrap items-baseline gap-x-4 gap-y-1 px-3 py-2">
            <span className="w-44 shrink-0 truncate font-mono text-small" title={endpoint}>
              {endpoint === '*' ? <span className="font-sans text-muted">other paths</span> : endpoint}
            </span>
            <ul className="flex min-w-0 grow basis-60 flex-wrap gap-x-4 gap-y-0.5">
              {callers.slice(0, 12).map(({ team, caller, requests, lastAt }) => (
                <li key={`${team}/${caller}`} className="min-w-0 truncate">
                  {caller === 'anyone' ? (
                    'anyone'
                  ) : caller === 'people' ? (
                    `members of ${team}`
                  ) : (
                    <>
                      <span className="text-muted">@{team}/</span>
                      {caller}
                    </>
                  )}
                  <span className="tabular text-muted">
                    {' '}
                    {spokenCount(requests)}, <Time at={lastAt} />
                  </span>
                </li>
              ))}
              {callers.length > 12 && <li className="text-muted">and {callers.length - 12} more</li>}
            </ul>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
