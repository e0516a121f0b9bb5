import type { Outputs } from '#client/trpc.ts'

export type AuditEntry = Outputs['audit']['read'][number]

/** How many entries are asked for at a time. */
export const auditPageSize = 100

/** Input of the first page without filters, the same for the server that prefetches and the browser that reads. */
export const firstAuditPage = (team: string) => ({ team, before: null, limit: auditPageSize })

export const auditPeriods = [
  { value: '1h', label: 'The last hour', ms: 3_600_000 },
  { value: '1d', label: 'The last day', ms: 86_400_000 },
  { value: '7d', label: 'The last 7 days', ms: 7 * 86_400_000 },
  { value: '30d', label: 'The last 30 days', ms: 30 * 86_400_000 },
] as const

/** What is asked of the server; nothing for what is not filtered by. */
export function auditFilterOf(
  { actor, action, about, within }: { actor: string; action: string; about: string; within: string },
  now: number,
) {
  const period = auditPeriods.find(({ value }) => value === within)
  return {
    ...(actor !== '' && { who: actor }),
    ...(action !== '' && { action }),
    ...(about.trim() !== '' && { target: about.trim() }),
    ...(period !== undefined && { since: Math.floor((now - period.ms) / 60_000) * 60_000 }),
  }
}
