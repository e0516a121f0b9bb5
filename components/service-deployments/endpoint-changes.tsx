import { CircleAlert, Dot } from 'lucide-react'
import { spokenCallers, spokenChange } from '#contract/impact-words.ts'
import type { Impact } from '#contract/sharing.ts'
import { Badge } from '#components/ui/badge.tsx'

/** How endpoints differ; of what breaks, for whom it does. What breaks comes first. */
export function EndpointChanges({ impacts, label }: { impacts: readonly Impact[]; label: string }) {
  const sorted = impacts.toSorted(
    (a, b) => Number(b.change.breaking) - Number(a.change.breaking) || b.callers.length - a.callers.length,
  )
  return (
    <ul aria-label={label} className="divide-y divide-border overflow-hidden rounded border border-border bg-raised">
      {sorted.map((impact) => {
        const { change, callers } = impact
        const requests = callers.reduce((sum, one) => sum + one.requests, 0)
        return (
          <li
            key={`${change.endpoint} ${change.at} ${change.kind} ${change.message}`}
            className="flex flex-wrap items-start gap-x-3 gap-y-1 px-3 py-2"
          >
            <span className="flex min-w-0 grow basis-72 items-start gap-2">
              {change.breaking ? (
                <CircleAlert aria-hidden className="mt-[3px] size-3.5 shrink-0 text-bad" />
              ) : (
                <Dot aria-hidden className="mt-[3px] size-3.5 shrink-0 text-muted" />
              )}
              <span className="min-w-0 break-words">{spokenChange(change)}</span>
            </span>
            {change.breaking && <Badge tone="bad">breaking</Badge>}
            {change.breaking && (
              <span className="w-full pl-[22px] text-small text-pretty break-words text-muted">
                {spokenCallers(impact) ?? 'not called in 30 days'}
                {requests > 0 && (
                  <span className="tabular">
                    , {requests.toLocaleString('en-GB')} {requests === 1 ? 'request' : 'requests'} so far
                  </span>
                )}
              </span>
            )}
          </li>
        )
      })}
    </ul>
  )
}
