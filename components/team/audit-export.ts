import { auditCsv, auditNdjson } from '#contract/audit-text.ts'
import type { AuditEntry } from './audit-page.ts'

/** More than a browser should hold; beyond, `m3o audit --format` writes as it comes. */
const most = 50_000
const page = 500

/**
 * All that fits the filters, as a file: a table, or lines of JSON.
 * @param read one page, of entries before the given one
 */
export async function exportAudit(
  team: string,
  format: 'csv' | 'ndjson',
  read: (before: number | null, limit: number) => Promise<AuditEntry[]>,
): Promise<void> {
  const all: AuditEntry[] = []
  for (let before: number | null = null; all.length < most;) {
    const some = await read(before, page)
    all.push(...some)
    before = some.at(-1)?.seq ?? null
    if (some.length < page) break
  }
  const link = document.createElement('a')
  link.href = URL.createObjectURL(
    format === 'csv'
      ? new Blob([auditCsv(all)], { type: 'text/csv' })
      : new Blob([auditNdjson(all)], { type: 'application/x-ndjson' }),
  )
  link.download = `${team}-audit-${new Date().toISOString().slice(0, 10)}.${format}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
