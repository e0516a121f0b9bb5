import type { Outputs } from '#client/trpc.ts'

export type AuditEntry = Outputs['audit']['read'][number]

/** How many entries are asked for at a time. */
export const auditPageSize = 100

/** Input of the first page, the same for the server that prefetches and the browser that reads. */
export const firstAuditPage = (team: string) => ({ team, before: null, limit: auditPageSize })
