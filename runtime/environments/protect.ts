import { eq, inArray } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { guards, type Protection } from '#contract/protection.ts'
import type { ShownProtection } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { environments, users } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import type { Platform } from '../platform.ts'
import { environmentChain } from './environments.ts'
import { shownProtections } from './protection.ts'

/** Says who may do what in an environment beyond the roles; null takes that back. Web authorizes by it (server/authorize.ts). */
export async function protectEnvironment(
  platform: Platform,
  actor: Actor,
  { environmentId, protection }: { environmentId: string; protection: Protection | null },
): Promise<void> {
  const [row] = await environmentChain(platform.db, environmentId)
  if (!row) throw new PlatformError('not_found', 'this environment does not exist')
  const before = await shownProtections(platform.db, [row])
  const after = await shownProtections(platform.db, [{ ...row, protection }])
  const change = {
    teamId: row.teamId,
    action: 'environment.protect',
    target: `environment ${row.name}`,
    before: said(before.get(row.id)),
    after: said(after.get(row.id)),
  }
  await audited(platform.db, actor, change, async (tx) => {
    await tx.update(environments).set({ protection }).where(eq(environments.id, environmentId))
  })
  await platform.routing.refresh({ environments: [environmentId] })
  platform.events.emit({ type: 'environment', teamId: row.teamId, environmentId })
  // Who may do what has changed: a shell that is open there may have to close.
  platform.events.emit({ type: 'team', teamId: row.teamId })
}

/** Who may work in a personal environment besides its owner; web authorizes by it as by a protection. */
export async function letPeopleIn(
  platform: Platform,
  actor: Actor,
  { environmentId, people }: { environmentId: string; people: readonly string[] },
): Promise<void> {
  const [row] = await environmentChain(platform.db, environmentId)
  if (!row) throw new PlatformError('not_found', 'this environment does not exist')
  if (row.kind !== 'personal')
    throw new PlatformError('not_in_this_state', `${row.name} is not personal: team roles decide who may work in it`, {
      fix: `To restrict it: m3o env protect ${row.name}.`,
    })
  const letIn = [...new Set(people)].filter((id) => id !== row.ownerId)
  const named = await platform.db
    .select({ id: users.id, email: users.email })
    .from(users)
    .where(inArray(users.id, [...row.letIn, ...letIn]))
  const emails = (ids: readonly string[]) => named.filter(({ id }) => ids.includes(id)).map(({ email }) => email)
  await audited(
    platform.db,
    actor,
    {
      teamId: row.teamId,
      action: 'environment.admit',
      target: `environment ${row.name}`,
      before: { people: emails(row.letIn) },
      after: { people: emails(letIn) },
    },
    async (tx) => {
      await tx.update(environments).set({ letIn }).where(eq(environments.id, environmentId))
    },
  )
  platform.events.emit({ type: 'environment', teamId: row.teamId, environmentId })
  platform.events.emit({ type: 'team', teamId: row.teamId })
}

/** As the audit has it: roles, and people by their emails. */
const said = (shown: ShownProtection | undefined) =>
  shown === undefined
    ? null
    : {
        ...Object.fromEntries(
          guards.map((guard) => [
            guard,
            [shown[guard].role, ...shown[guard].people.map(({ email }) => email)].join(', '),
          ]),
        ),
        ...(shown.approval && { approval: true }),
        ...(shown.overlays && { overlays: true }),
      }
