import type { AuditEntry } from './audit.ts'

const columns = ['seq', 'time', 'who', 'kind', 'from', 'by', 'action', 'target', 'before', 'after'] as const

/** RFC 4180. What a spreadsheet would take for a formula is text. */
export function auditCsv(entries: readonly AuditEntry[], { header = true }: { header?: boolean } = {}): string {
  const lines = entries.map(({ seq, at, actor, action, target, before, after }) =>
    [
      seq,
      new Date(at).toISOString(),
      actor.name,
      actor.unconfirmed ? 'person, not confirmed' : actor.kind,
      actor.from ?? '',
      spokenBy(actor.by),
      action,
      target,
      json(before),
      json(after),
    ]
      .map(cell)
      .join(','),
  )
  return [...(header ? [columns.join(',')] : []), ...lines].map((line) => `${line}\r\n`).join('')
}

export const auditNdjson = (entries: readonly AuditEntry[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')

export const spokenBy = (by: AuditEntry['actor']['by']): string =>
  by === null ? '' : 'token' in by ? `token ${by.name ?? by.token}` : 'browser'

const json = (value: unknown): string => (value === null || value === undefined ? '' : JSON.stringify(value))

function cell(value: string | number): string {
  const text = String(value)
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
