import { createHash } from 'node:crypto'
import type { AuditCheck } from '#contract/audit.ts'
import type { Db } from '#db/open.ts'
import { canonical, chainHash } from './chain.ts'
import { auditRows, readWitness } from './witness.ts'

/**
 * Walks the whole chain, of all teams, and names the first row that is not as it was written: altered, preceded by one that was
 * taken out, or, by what was witnessed outside the database, rewritten together with all that follow it or cut off at the end.
 */
export async function verifyAudit(db: Db, home: string): Promise<AuditCheck> {
  const witnessed = await readWitness(home)
  const before = witnessed?.before ?? { seq: 0, digest: '' }
  const marks = new Map((witnessed?.marks ?? []).map(({ seq, hash }) => [seq, hash]))
  const digest = createHash('sha256')
  let previous = ''
  let rows = 0
  let seen = 0
  const broken = (seq: number, at: number | null, why: string): AuditCheck => ({
    rows,
    verifiedTo: seen,
    broken: { seq, at, why },
  })
  for await (const row of auditRows(db)) {
    if (before.seq > 0 && seen <= before.seq && row.seq > before.seq && digest.copy().digest('hex') !== before.digest)
      return broken(before.seq, null, 'a row up to here was altered or removed')
    for (const seq of marks.keys()) if (seq > seen && seq < row.seq) return broken(seq, null, 'this row was removed')
    rows++
    if (row.seq <= before.seq) digest.update(canonical(row))
    else if (chainHash(previous, row) !== row.hash)
      return broken(row.seq, row.at, 'this row was altered, or one before it was removed')
    const mark = marks.get(row.seq)
    if (mark !== undefined && mark !== row.hash)
      return broken(row.seq, row.at, 'this row, or one before it, was rewritten together with all that follow')
    previous = row.hash
    seen = row.seq
  }
  if (before.seq > 0 && seen <= before.seq && digest.copy().digest('hex') !== before.digest)
    return broken(before.seq, null, 'a row up to here was altered or removed')
  for (const seq of marks.keys()) if (seq > seen) return broken(seq, null, 'the newest rows were removed')
  return { rows, verifiedTo: seen, broken: null }
}
