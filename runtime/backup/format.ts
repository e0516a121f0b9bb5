import { z } from 'zod'

/**
 * A backup is a `tar.gz`: `manifest.json` first, then each table as PostgreSQL's COPY writes it (text, `database/{table}`),
 * then the folders of the home under `home/`. No tool of one database version is needed to read it.
 */
export const manifest = z.object({
  format: z.literal(1),
  createdAt: z.string(),
  /** Version of M3O that wrote it, for people. */
  version: z.string(),
  /** Newest migration of the database that it was taken from (`when` of db/migrations' journal). */
  schema: z.number(),
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()), rows: z.number() })),
  /** Where each sequence stands; null when it was never used. */
  sequences: z.array(z.object({ name: z.string(), last: z.string().nullable() })),
})
export type Manifest = z.infer<typeof manifest>

/**
 * What of the home cannot be made again. Left out: what belongs to this machine (`run`, `instances`, the installation's
 * id, what it has witnessed of the audit), the database itself, caches other than the dependencies that builds were made with, and logs, which are bounded
 * by age and would be most of the backup.
 */
export const folders = ['keys', 'source', 'data', 'builds', 'cache/modules'] as const
export const leftOut: ReadonlySet<string> = new Set(['keys/installation', 'keys/audit-witness.json'])
