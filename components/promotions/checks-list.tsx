import { CircleAlert, Info } from 'lucide-react'
import type { PromotionCheck } from '#contract/promotions.ts'

/** What stands in the way, then what one should know. */
export function ChecksList({ checks }: { checks: readonly PromotionCheck[] }) {
  if (checks.length === 0) return null
  return (
    <ul aria-label="Checks" className="flex flex-col gap-1.5">
      {checks
        .toSorted((one, other) => Number(other.stops) - Number(one.stops))
        .map((check) => (
          <li
            key={`${check.code} ${check.service}`}
            className={`flex items-start gap-2 rounded border px-3 py-2 ${check.stops ? 'border-bad/40 bg-bad-soft' : 'border-border bg-raised'}`}
          >
            {check.stops ? (
              <CircleAlert aria-hidden className="mt-[3px] size-3.5 shrink-0 text-bad" />
            ) : (
              <Info aria-hidden className="mt-[3px] size-3.5 shrink-0 text-muted" />
            )}
            <span className="min-w-0 break-words">
              {check.service !== null && <strong className="font-medium">{check.service}: </strong>}
              {check.message}
              {check.fix !== null && <span className="block text-muted">{check.fix}</span>}
            </span>
          </li>
        ))}
    </ul>
  )
}
