'use client'
import { ChevronRight, Copy, Filter, FilterX } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { LogMatch } from '#contract/logs.ts'
import { IconButton } from '#components/ui/button.tsx'
import { useCopy } from '#components/ui/copy-button.tsx'
import { fieldCondition } from './condition.ts'

/** The fields of a JSON line as a tree. Each value can be copied, and looked for. */
export function FieldTree({
  fields,
  onFilter,
}: {
  fields: Record<string, unknown>
  onFilter: (match: LogMatch) => void
}) {
  return (
    <dl className="my-1 rounded border border-border bg-raised py-1 text-small whitespace-normal">
      {entriesOf(fields).map(([name, value]) => (
        <Field key={name} name={name} value={value} depth={0} onFilter={onFilter} />
      ))}
    </dl>
  )
}

/** More are hardly read one by one, and would be drawn all at once. */
const most = 200
const deepest = 20

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value).slice(0, most)
}

function Field({
  name,
  value,
  depth,
  onFilter,
}: {
  name: string
  value: unknown
  depth: number
  onFilter: (match: LogMatch) => void
}) {
  const nested = typeof value === 'object' && value !== null && depth < deepest
  const [open, setOpen] = useState(depth < 1)
  const { copied, copy } = useCopy(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
  const entries = nested ? entriesOf(value) : []
  return (
    <>
      <div
        className="group/field flex min-h-6 items-start gap-2 pr-1 hover:bg-hover"
        style={{ paddingLeft: 8 + depth * 16 }}
      >
        <dt className="flex shrink-0 items-center py-0.5 text-muted">
          {entries.length > 0 ? (
            <button
              type="button"
              aria-expanded={open}
              onClick={() => setOpen(!open)}
              className="flex items-center rounded-[4px] hover:text-text"
            >
              <ChevronRight
                aria-hidden
                className={`size-3.5 transition-transform duration-100 ${open ? 'rotate-90' : ''}`}
              />
              {name}
            </button>
          ) : (
            <span className="pl-3.5">{name}</span>
          )}
        </dt>
        <dd className="min-w-0 grow py-0.5 break-words">
          {nested ? <span className="text-muted">{summary(value)}</span> : <Value value={value} />}
        </dd>
        <dd className="flex shrink-0 opacity-0 group-hover/field:opacity-100 focus-within:opacity-100 pointer-coarse:opacity-100">
          {!nested && (
            <IconButton
              size="small"
              label={`Only lines where ${name} is this`}
              onClick={() => onFilter(fieldCondition(name, value))}
            >
              <Filter />
            </IconButton>
          )}
          {!nested && (
            <IconButton
              size="small"
              label={`Hide lines where ${name} is this`}
              onClick={() => onFilter(fieldCondition(name, value, true))}
            >
              <FilterX />
            </IconButton>
          )}
          <IconButton size="small" label={copied ? 'Copied' : `Copy ${name}`} onClick={copy}>
            <Copy />
          </IconButton>
        </dd>
      </div>
      {open &&
        entries.map(([key, each]) => <Field key={key} name={key} value={each} depth={depth + 1} onFilter={onFilter} />)}
    </>
  )
}

function Value({ value }: { value: unknown }): ReactNode {
  if (typeof value === 'string') return <span className="whitespace-pre-wrap">{value}</span>
  if (typeof value === 'number') return <span className="text-accent">{String(value)}</span>
  return <span className="text-muted">{JSON.stringify(value) ?? 'undefined'}</span>
}

function summary(value: object): string {
  const count = Array.isArray(value) ? value.length : Object.keys(value).length
  return Array.isArray(value) ? `[${count}]` : `{${count}}`
}
