import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import type { Db, Transaction } from '#db/open.ts'
import { formerNames } from '#db/schema.ts'

type Kind = 'team' | 'environment' | 'service'

/** @throws PlatformError `invalid_name` with the rule that it breaks */
export function parseName(schema: z.ZodType<string>, name: string): string {
  const parsed = schema.safeParse(name)
  if (parsed.success) return parsed.data
  throw new PlatformError('invalid_name', parsed.error.issues[0]?.message ?? 'this name cannot be used', { field: 'name', fix: 'Choose a name such as `hello` or `order-mail`.' })
}

/** Writes a named row; a former name of something else that stood in the way leads there no longer. */
export async function claimName(tx: Transaction, kind: Kind, scope: string, name: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new PlatformError('name_taken', `there is already ${kind === 'environment' ? 'an' : 'a'} ${kind} named ${name}`, { field: 'name', fix: 'Choose another name.' })
  }
  await tx.delete(formerNames).where(and(eq(formerNames.kind, kind), eq(formerNames.scope, scope), eq(formerNames.name, name)))
}

/** After a renaming: the old name keeps leading to it. */
export async function keepFormerName(tx: Transaction, kind: Kind, scope: string, name: string, id: string): Promise<void> {
  const row = { kind, scope, name, id, at: Date.now() }
  await tx.insert(formerNames).values(row).onConflictDoUpdate({ target: [formerNames.kind, formerNames.scope, formerNames.name], set: { id, at: row.at } })
}

export async function formerOwner(db: Db, kind: Kind, scope: string, name: string): Promise<string | undefined> {
  const [row] = await db.select({ id: formerNames.id }).from(formerNames)
    .where(and(eq(formerNames.kind, kind), eq(formerNames.scope, scope), eq(formerNames.name, name)))
  return row?.id
}

function isUniqueViolation(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if ('code' in at && at.code === '23505') return true
  return false
}
