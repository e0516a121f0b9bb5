import type { AuditEntry } from './audit-page.ts'

/** What is on the screen as lines of JSON, for other programs. */
export function exportAudit(team: string, entries: readonly AuditEntry[]): void {
  const lines = entries.map((entry) => JSON.stringify(entry)).join('\n')
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([lines, '\n'], { type: 'application/x-ndjson' }))
  link.download = `${team}-audit-${new Date().toISOString().slice(0, 10)}.ndjson`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
