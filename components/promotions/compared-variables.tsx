import type { EnvironmentDiff } from '#contract/promotions.ts'
import { Badge } from '#components/ui/badge.tsx'

/** Variables that two environments give differently. Secrets are neither shown nor compared. */
export function ComparedVariables({ diff }: { diff: EnvironmentDiff }) {
  return (
    <ul
      aria-label="Different variables"
      className="divide-y divide-border overflow-hidden rounded border border-border bg-raised"
    >
      {diff.variables.map((row) => (
        <li
          key={`${row.serviceId} ${row.name}`}
          className="flex min-h-[34px] flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5 md:flex-nowrap"
        >
          <span className="flex min-w-0 basis-full items-center gap-2 md:w-72 md:shrink-0 md:basis-auto">
            <span className="truncate text-muted">{row.service}</span>
            <code className="truncate font-medium">{row.name}</code>
            {row.secret && <Badge>secret</Badge>}
          </span>
          <Value label={diff.environment} absent={row.change === 'only there'} row={row} value={row.here} />
          <Value label={diff.against} absent={row.change === 'only here'} row={row} value={row.there} />
        </li>
      ))}
    </ul>
  )
}

function Value({
  label,
  absent,
  row: { secret },
  value,
}: {
  label: string
  absent: boolean
  row: EnvironmentDiff['variables'][number]
  value: string | null
}) {
  return (
    <span className="flex min-w-0 grow basis-[40%] items-center gap-2 text-small">
      <span className="shrink-0 text-muted">{label}</span>
      {absent ? (
        <span className="text-muted">not set</span>
      ) : secret ? (
        <span className="text-muted">set</span>
      ) : (
        <code className="min-w-0 truncate" title={value ?? ''}>
          {value === '' ? '(empty)' : value}
        </code>
      )}
    </span>
  )
}
