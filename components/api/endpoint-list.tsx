'use client'
import { clsx } from 'clsx'
import type { Endpoint } from '#contract/endpoints.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Select } from '#components/ui/input.tsx'

interface Props {
  endpoints: readonly Endpoint[]
  /** Null: any path. */
  chosen: Endpoint | null
  choose: (name: string | null) => void
}

/** What can be called, and last any path. A list beside on a wide window, a select above on a narrow one. */
export function EndpointList({ endpoints, chosen, choose }: Props) {
  return (
    <>
      <nav
        aria-label="Endpoints"
        className="sticky top-0 hidden max-h-[calc(100dvh-140px)] flex-col gap-px overflow-y-auto p-2 lg:flex"
      >
        <h2 className="px-2 pt-1.5 pb-1 text-small font-medium text-muted">
          Endpoints <span className="tabular">{endpoints.length}</span>
        </h2>
        {endpoints.map((endpoint) => (
          <Entry
            key={endpoint.name}
            here={endpoint.name === chosen?.name}
            onClick={() => choose(endpoint.name)}
            title={endpoint.description}
          >
            <span className="truncate font-mono text-small">{endpoint.name}</span>
            {endpoint.stream && <Badge>stream</Badge>}
            {endpoint.method !== undefined && (
              <span className="ml-auto shrink-0 font-mono text-tiny text-muted">{endpoint.method}</span>
            )}
          </Entry>
        ))}
        <Entry here={chosen === null} onClick={() => choose(null)} title="Any method on any path">
          <span className="text-muted">Any path</span>
        </Entry>
      </nav>
      <div className="border-b border-border px-4 py-3 sm:px-6 lg:hidden">
        <Select
          aria-label="Endpoint"
          className="w-full"
          value={chosen?.name ?? ''}
          onChange={(event) => choose(event.target.value === '' ? null : event.target.value)}
        >
          {endpoints.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
          <option value="">Any path</option>
        </Select>
      </div>
    </>
  )
}

function Entry({ here, ...rest }: { here: boolean } & React.ComponentProps<'button'>) {
  return (
    <button
      type="button"
      aria-current={here || undefined}
      data-focus-inside
      {...rest}
      className={clsx(
        'flex h-7 min-w-0 items-center gap-2 rounded px-2 text-left',
        here ? 'bg-chosen text-text' : 'text-text hover:bg-hover',
      )}
    />
  )
}
