import { and, eq, exists, gt, inArray, isNull, ne, notInArray, or, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import type { Db, Transaction } from '#db/open.ts'
import { formerNames, members, services, teams } from '#db/schema.ts'

type Kind = 'team' | 'environment' | 'service'

/** @throws PlatformError `invalid_name` with the rule that it breaks */
export function parseName(schema: z.ZodType<string>, name: string): string {
  const parsed = schema.safeParse(name)
  if (parsed.success) return parsed.data
  throw new PlatformError('invalid_name', parsed.error.issues[0]?.message ?? 'this name cannot be used', {
    field: 'name',
    fix: 'Choose a name such as `hello` or `order-mail`.',
  })
}

/** How long the names of a deleted team stay its owners': browsers and other teams still know its hosts. */
export const deletedNameMs = 30 * 86_400_000

/** A name and what has it, or had it. `scope`: the team of an environment or service; empty for teams. */
interface Claim {
  kind: Kind
  scope: string
  name: string
  id: string
}

/**
 * Writes a named row. A former name of another team, or of a service that went to another team, cannot be taken: hosts and references
 * still lead there. A former name within one team can, and leads to its former holder no longer.
 * @param ownerId who takes a team's name: an owner of a deleted team may take its names again
 * @throws PlatformError `name_taken`
 */
export async function claimName(
  tx: Transaction,
  claim: Claim,
  write: () => Promise<unknown>,
  ownerId: string | null = null,
): Promise<void> {
  const { kind, scope, name } = claim
  try {
    await write()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw kind === 'team'
      ? teamNameTaken(name)
      : new PlatformError('name_taken', `${kind === 'environment' ? 'an' : 'a'} ${kind} named ${name} already exists`, {
          field: 'name',
          fix: 'Choose another name.',
        })
  }
  // After the write, which has waited for a renaming or deletion of whoever had the name.
  if (kind === 'team') await requireNoOtherTeams(tx, claim, ownerId)
  if (kind === 'service') await requireNotTransferred(tx, claim)
  await tx
    .delete(formerNames)
    .where(and(eq(formerNames.kind, kind), eq(formerNames.scope, scope), eq(formerNames.name, name)))
}

/** The same words for a name in use and one that was: they tell nobody which team it is. */
const teamNameTaken = (name: string) =>
  new PlatformError('name_taken', `the team name ${name} is not available: another team uses or used it`, {
    field: 'name',
    fix: 'Choose another name.',
  })

async function requireNoOtherTeams(tx: Transaction, { name, id }: Claim, ownerId: string | null): Promise<void> {
  const former = tx
    .select({ id: formerNames.id })
    .from(formerNames)
    .where(and(eq(formerNames.kind, 'team'), eq(formerNames.scope, ''), eq(formerNames.name, name)))
  const owned = tx
    .select({ id: members.teamId })
    .from(members)
    .where(and(eq(members.userId, ownerId ?? ''), eq(members.role, 'owner')))
  const [holder] = await tx
    .select({ id: teams.id })
    .from(teams)
    .where(
      and(
        ne(teams.id, id),
        or(eq(teams.name, name), inArray(teams.id, former)),
        or(isNull(teams.deletedAt), and(keepsNames(tx), notInArray(teams.id, owned))),
      ),
    )
    .limit(1)
  if (holder) throw teamNameTaken(name)
}

/** Of teams that were deleted: whether their names are still kept. A team that never had a service has no hosts to take over. */
export function keepsNames(tx: Transaction) {
  const had = tx
    .select({ one: sql`1` })
    .from(services)
    .where(eq(services.teamId, teams.id))
  const gaveAway = tx
    .select({ one: sql`1` })
    .from(formerNames)
    .where(and(eq(formerNames.kind, 'service'), eq(formerNames.scope, teams.id)))
  return and(gt(teams.deletedAt, Date.now() - deletedNameMs), or(exists(had), exists(gaveAway)))
}

/** @throws PlatformError `name_taken` when the name leads to a service that this team gave to another one */
export async function requireNotTransferred(
  tx: Db | Transaction,
  { scope, name, id }: Omit<Claim, 'kind'>,
): Promise<void> {
  const [holder] = await tx
    .select({ id: services.id })
    .from(formerNames)
    .innerJoin(services, eq(services.id, formerNames.id))
    .where(
      and(
        eq(formerNames.kind, 'service'),
        eq(formerNames.scope, scope),
        eq(formerNames.name, name),
        ne(services.id, id),
        ne(services.teamId, scope),
        isNull(services.deletedAt),
      ),
    )
    .limit(1)
  if (holder)
    throw new PlatformError('name_taken', `${name} still leads to a service that was transferred to another team`, {
      field: 'name',
      fix: 'Choose another name.',
    })
}

/** After a renaming: the old name keeps leading to it. */
export async function keepFormerName(tx: Transaction, { kind, scope, name, id }: Claim): Promise<void> {
  const row = { kind, scope, name, id, at: Date.now() }
  await tx
    .insert(formerNames)
    .values(row)
    .onConflictDoUpdate({ target: [formerNames.kind, formerNames.scope, formerNames.name], set: { id, at: row.at } })
}

export async function formerOwner(db: Db, kind: Kind, scope: string, name: string): Promise<string | undefined> {
  const [row] = await db
    .select({ id: formerNames.id })
    .from(formerNames)
    .where(and(eq(formerNames.kind, kind), eq(formerNames.scope, scope), eq(formerNames.name, name)))
  return row?.id
}

function isUniqueViolation(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if ('code' in at && at.code === '23505') return true
  return false
}
