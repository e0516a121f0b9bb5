import { createHash, randomBytes } from 'node:crypto'
import { and, desc, eq, gt, isNull, ne, or, sql } from 'drizzle-orm'
import { maxTokensOfPerson, maxTokensOfTeam } from '#contract/bounds.ts'
import { PlatformError } from '#contract/errors.ts'
import { tokenPrefix } from '#contract/headers.ts'
import { newId } from '#contract/ids.ts'
import type { Token } from '#contract/records.ts'
import type { Role } from '#contract/permissions.ts'
import type { TokenScope } from '#contract/routing.ts'
import type { Actor } from '#contract/rpc.ts'
import { once } from '#db/once.ts'
import { environments, members, teams, tokens, users } from '#db/schema.ts'
import { requireFewer } from '../access/bounds.ts'
import { audited } from '../audit/audit.ts'
import { personOf } from '../people/person.ts'
import type { Platform } from '../platform.ts'

/** In hex. Tokens and keys are random, so a fast hash is enough. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const valid = () => and(isNull(tokens.revokedAt), or(isNull(tokens.expiresAt), gt(tokens.expiresAt, Date.now())))

/** Of one person, or of the whole team, machines included, when `userId` is null. */
export async function listTokens({ db }: Platform, teamId: string, userId: string | null): Promise<Token[]> {
  const rows = await db
    .select({ token: tokens, user: users, environment: environments.name })
    .from(tokens)
    .leftJoin(users, eq(users.id, tokens.userId))
    .leftJoin(environments, eq(environments.id, tokens.environmentId))
    .where(and(eq(tokens.teamId, teamId), valid(), userId === null ? undefined : eq(tokens.userId, userId)))
    .orderBy(desc(tokens.createdAt))
  return rows.map(({ token, user, environment }) => ({
    id: token.id,
    name: token.name,
    teamId,
    person: whoseOf(token, user),
    scope: token.scope,
    environment,
    createdAt: token.createdAt,
    expiresAt: token.expiresAt,
    lastUsedAt: token.lastUsedAt,
    machine: token.role === null ? null : { role: token.role, by: token.byName ?? '' },
  }))
}

/** A machine is nobody's: it goes by the name and the id of its token. */
const whoseOf = (token: typeof tokens.$inferSelect, user: typeof users.$inferSelect | null) =>
  user === null ? { id: token.id, name: token.name, email: token.name } : personOf(user)

export interface NewToken {
  teamId: string
  /** Null: a machine's, with a role of its own. */
  userId: string | null
  role: Role | null
  name: string
  scope: TokenScope
  environmentId: string | null
  expiresAt: number | null
}

/** The secret is given this once; only its hash is kept. */
export async function createToken(
  platform: Platform,
  actor: Actor,
  input: NewToken,
): Promise<Token & { secret: string }> {
  const secret = tokenPrefix + randomBytes(24).toString('base64url')
  const row = {
    ...input,
    id: newId('token'),
    hash: sha256(secret),
    createdAt: Date.now(),
    byName: input.userId === null ? actor.name : null,
  }
  await audited(
    platform.db,
    actor,
    {
      teamId: input.teamId,
      action: 'token.create',
      target: `token ${input.name}`,
      after: { scope: input.scope, expiresAt: input.expiresAt, ...(input.role !== null && { machine: input.role }) },
    },
    async (tx) => {
      const about = {
        teamId: input.teamId,
        table: tokens,
        fix: 'Revoke tokens that are not needed, on the tokens page or with `m3o token revoke`.',
      }
      if (input.userId !== null)
        await requireFewer(tx, {
          ...about,
          where: and(valid(), eq(tokens.userId, input.userId)),
          most: maxTokensOfPerson,
          what: 'tokens of this person in this team',
        })
      await requireFewer(tx, { ...about, where: valid(), most: maxTokensOfTeam, what: 'tokens in this team' })
      await tx.insert(tokens).values(row)
    },
  )
  await platform.routing.refresh({ tokens: [row.id] })
  const made = (await listTokens(platform, input.teamId, input.userId)).find((token) => token.id === row.id)
  if (!made) throw new PlatformError('bad_request', 'a token must expire in the future', { field: 'expiresAt' })
  return { ...made, secret }
}

export async function revokeToken(platform: Platform, actor: Actor, teamId: string, tokenId: string): Promise<void> {
  const [row] = await platform.db
    .select({ name: tokens.name })
    .from(tokens)
    .where(and(eq(tokens.id, tokenId), eq(tokens.teamId, teamId)))
  if (!row) throw new PlatformError('not_found', 'this token does not exist')
  await audited(platform.db, actor, { teamId, action: 'token.revoke', target: `token ${row.name}` }, (tx) =>
    tx.update(tokens).set({ revokedAt: Date.now() }).where(eq(tokens.id, tokenId)),
  )
  await platform.routing.refresh({ tokens: [tokenId] })
  // What is open by it ends at once.
  platform.events.emit({ type: 'team', teamId })
}

/**
 * Revokes the command-line sign-ins of a person (tokens that name no actions) in all teams, except the one to keep: a new password ends them, as it
 * ends sessions. With `all`, every token of theirs: the account belongs to somebody else from now on.
 */
export async function revokeSignIns(
  platform: Platform,
  actor: Actor,
  { userId, all, keep }: { userId: string; all: boolean; keep: string | null },
): Promise<number> {
  const own = await platform.db
    .select({ id: tokens.id, teamId: tokens.teamId })
    .from(tokens)
    .where(
      and(
        eq(tokens.userId, userId),
        valid(),
        all ? undefined : sql`${tokens.scope} -> 'actions' is null`,
        keep === null ? undefined : ne(tokens.id, keep),
      ),
    )
  for (const { id, teamId } of own) await revokeToken(platform, actor, teamId, id)
  return own.length
}

const noteUseAfterMs = 60_000

/** Of calls through the gateway, which tells of them afterwards: when each token was used, by its id. */
export async function noteUses(db: Platform['db'], used: ReadonlyMap<string, number>): Promise<void> {
  await db.execute(sql`update ${tokens} set last_used_at = greatest(last_used_at, to_timestamp(used.at::bigint / 1000.0))
    from jsonb_each_text(${JSON.stringify(Object.fromEntries(used))}::text::jsonb) as used(id, at) where ${tokens.id} = used.id`)
}

const byHash = once((db) =>
  db
    .select({ token: tokens, user: users, team: teams, environment: environments.name, role: members.role })
    .from(tokens)
    .leftJoin(users, eq(users.id, tokens.userId))
    .innerJoin(teams, eq(teams.id, tokens.teamId))
    .leftJoin(members, and(eq(members.teamId, tokens.teamId), eq(members.userId, tokens.userId)))
    .leftJoin(environments, eq(environments.id, tokens.environmentId))
    .where(and(eq(tokens.hash, sql.placeholder('hash')), isNull(tokens.revokedAt)))
    .prepare('token'),
)

/** What a token is, while it and its maker's membership hold; a sign-in (it names no actions) holds without: its person has other teams. */
export async function readToken({ db }: Platform, hash: string) {
  const [row] = await byHash(db).execute({ hash })
  if (
    !row ||
    (row.token.expiresAt !== null && row.token.expiresAt <= Date.now()) ||
    (((row.role ?? row.token.role) === null || row.team.deletedAt !== null) && row.token.scope.actions !== undefined)
  )
    return null
  const { token, user, team, environment } = row
  if (Date.now() - (token.lastUsedAt ?? 0) > noteUseAfterMs)
    await db.update(tokens).set({ lastUsedAt: Date.now() }).where(eq(tokens.id, token.id))
  return {
    tokenId: token.id,
    teamId: team.id,
    team: team.name,
    person: whoseOf(token, user),
    operator: user?.operator ?? false,
    environment,
    scope: token.scope,
  }
}
