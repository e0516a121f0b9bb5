import { CircleAlert } from 'lucide-react'
import { Badge } from '#components/ui/badge.tsx'
import type { EnvEntry } from './env-file.ts'

export interface EnvRow extends EnvEntry {
  secret: boolean
  /** Why it cannot be set. */
  problem: string | null
  change: 'new' | 'same' | 'replaces' | 'overrides'
}

const words: Record<EnvRow['change'], string> = {
  new: 'new',
  same: 'unchanged',
  replaces: 'new value',
  overrides: 'overrides the inherited one',
}

/** What was understood, before it is set. Values of secrets are not shown. */
export function EnvPreview({
  rows,
  onSecret,
}: {
  rows: readonly EnvRow[]
  onSecret: (name: string, secret: boolean) => void
}) {
  return (
    <ul aria-label="Variables to set" className="divide-y divide-border overflow-hidden rounded border border-border">
      {rows.map(({ line, name, value, secret, problem, change }) => (
        <li key={name} className="flex flex-col gap-0.5 px-3 py-1.5">
          <span className="flex items-center gap-2">
            <code className="min-w-0 truncate text-small font-medium" title={name}>
              {name}
            </code>
            <Badge>{problem === null ? words[change] : 'left out'}</Badge>
            {problem === null && (
              <label className="ml-auto flex shrink-0 cursor-pointer items-center gap-1.5 text-small">
                <input
                  type="checkbox"
                  className="size-3.5 accent-action"
                  checked={secret}
                  onChange={(event) => onSecret(name, event.target.checked)}
                />
                <span>
                  secret<span className="sr-only"> {name}</span>
                </span>
              </label>
            )}
          </span>
          <code className="truncate text-small text-muted">{value === '' ? 'empty' : secret ? '••••••••' : value}</code>
          {problem !== null && (
            <span role="alert" className="flex items-start gap-1 text-small text-bad">
              <CircleAlert aria-hidden className="mt-0.5 size-3 shrink-0" />
              Skipped, line {line}: {problem}
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}
