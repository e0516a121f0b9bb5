import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { asc, desc, gt } from 'drizzle-orm'
import { z } from 'zod'
import type { Db } from '#db/open.ts'
import { audit } from '#db/schema.ts'
import { canonical } from './chain.ts'

const mark = z.object({ seq: z.number(), hash: z.string(), at: z.number() })
const witnessed = z.object({
  /** Rows up to this one are covered by one digest: they were there before rows could be told apart, or before a restore. */
  before: z.object({ seq: z.number(), digest: z.string() }),
  /** Where the chain stood: a day each, then the newest. */
  marks: z.array(mark),
})
export type Witnessed = z.infer<typeof witnessed>

const dayMs = 86_400_000

/** Beside the keys, out of reach of who can only write the database: who rewrites rows there cannot rewrite this. */
export const witnessFile = (home: string): string => join(home, 'keys/audit-witness.json')

/** What was witnessed; undefined when nothing was yet. */
export async function readWitness(home: string): Promise<Witnessed | undefined> {
  const text = await readFile(witnessFile(home), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : witnessed.parse(JSON.parse(text))
}

/** Writes down where the audit's chain stands. At the first time, also what is there already. */
export async function witness(db: Db, home: string, now = Date.now()): Promise<void> {
  const known = await readWitness(home)
  const [last] = await db.select({ seq: audit.seq, hash: audit.hash }).from(audit).orderBy(desc(audit.seq)).limit(1)
  if (known === undefined)
    return write(home, {
      before: { seq: last?.seq ?? 0, digest: await digestUpTo(db, last?.seq ?? 0) },
      marks: last === undefined ? [] : [{ ...last, at: now }],
    })
  const newest = known.marks.at(-1)
  // A chain that is shorter than it was is not written down over what tells so.
  if (last === undefined || last.seq <= (newest?.seq ?? known.before.seq)) return
  const [, beforeNewest] = [...known.marks].reverse()
  const replaces =
    newest !== undefined &&
    beforeNewest !== undefined &&
    Math.floor(newest.at / dayMs) === Math.floor(now / dayMs) &&
    Math.floor(beforeNewest.at / dayMs) === Math.floor(now / dayMs)
  await write(home, { ...known, marks: [...(replaces ? known.marks.slice(0, -1) : known.marks), { ...last, at: now }] })
}

/** sha256, in hex, over all rows up to one. */
async function digestUpTo(db: Db, seq: number): Promise<string> {
  const digest = createHash('sha256')
  for await (const row of auditRows(db)) {
    if (row.seq > seq) break
    digest.update(canonical(row))
  }
  return digest.digest('hex')
}

/** All rows in their order, some thousands in memory at a time. */
export async function* auditRows(db: Db, page = 2_000): AsyncGenerator<typeof audit.$inferSelect> {
  for (let after = 0; ;) {
    const rows = await db.select().from(audit).where(gt(audit.seq, after)).orderBy(asc(audit.seq)).limit(page)
    yield* rows
    if (rows.length < page) return
    after = rows.at(-1)?.seq ?? after
  }
}

async function write(home: string, all: Witnessed): Promise<void> {
  const path = witnessFile(home)
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(all))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
