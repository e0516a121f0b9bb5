import { exactTime } from '#components/ui/exact-time.ts'
import type { Column } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import { useZone } from '#components/ui/zone.ts'
import { spokenBy } from '#contract/audit-text.ts'
import type { AuditEntry } from './audit-page.ts'

export const auditColumns: Column<AuditEntry>[] = [
  { key: 'at', header: 'When', width: 'w-24 sm:w-28', cell: ({ at }) => <Time at={at} className="text-muted" /> },
  {
    key: 'actor',
    header: 'Who',
    width: 'w-24 sm:w-56',
    cell: ({ actor }) => (
      <span
        title={[`${actor.kind} ${actor.id}`, actor.from === null ? '' : `from ${actor.from}`, spokenBy(actor.by)]
          .filter((word) => word !== '')
          .join(', ')}
      >
        {actor.name}
        {actor.unconfirmed && <span className="text-warn"> (not confirmed)</span>}
        {actor.kind !== 'person' && (
          <span className="text-muted max-sm:hidden">
            {' '}
            ({actor.by !== null && 'token' in actor.by ? spokenBy(actor.by) : actor.kind})
          </span>
        )}
      </span>
    ),
  },
  {
    key: 'from',
    header: 'From',
    width: 'w-32',
    from: 'lg',
    cell: ({ actor }) => <code className="text-small text-muted">{actor.from ?? '–'}</code>,
  },
  {
    key: 'action',
    header: 'Did',
    width: 'sm:w-40',
    cell: ({ action, target }) => (
      <>
        <code className="text-small">{action}</code>{' '}
        <span className="text-muted md:hidden">{target.replace(/^\w+ /, '')}</span>
      </>
    ),
  },
  {
    key: 'target',
    header: 'Target',
    width: 'w-52',
    from: 'md',
    cell: ({ target }) => <span className="text-muted">{target}</span>,
  },
  { key: 'change', header: 'Change', from: 'lg', cell: (entry) => <Change {...entry} /> },
]

function Change({ before, after }: Pick<AuditEntry, 'before' | 'after'>) {
  const zone = useZone()
  const was = brief(before, zone)
  const is = brief(after, zone)
  return (
    <code
      className="text-small text-muted"
      title={[before, after]
        .filter((each) => each !== null && each !== undefined)
        .map((each) => JSON.stringify(each))
        .join(' → ')}
    >
      {was !== '' && <del className="decoration-muted">{was}</del>}
      {was !== '' && is !== '' && ' → '}
      {is !== '' && <ins className="text-text no-underline">{is}</ins>}
    </code>
  )
}

/** `{"role":"owner"}` → `role owner`: names and values, without the signs that a program needs; ids are short, times can be read. */
export function brief(value: unknown, zone = 'UTC'): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value) || typeof value !== 'object') return plain('', value, zone)
  return Object.entries(value)
    .map(([name, one]) => `${name} ${plain(name, one, zone)}`)
    .join(', ')
}

function plain(name: string, value: unknown, zone: string): string {
  if (value === null || value === undefined) return 'none'
  if (typeof value === 'number' && name.endsWith('At')) return exactTime(value, zone)
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => plain('', one, zone)).join(', ')
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'none' : JSON.stringify(value)
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[a-z]_[0-9a-z]{20,}$/.test(value) ? `…${value.slice(-6)}` : value
}
