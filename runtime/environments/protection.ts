import { inArray } from 'drizzle-orm'
import { guards, type Protection } from '#contract/protection.ts'
import type { ShownProtection } from '#contract/records.ts'
import type { Db } from '#db/open.ts'
import { users } from '#db/schema.ts'
import { personOf } from '../people/person.ts'

/** By the environment's id, of those that are protected, with their people by name. */
export async function shownProtections(
  db: Db,
  rows: readonly { id: string; protection: Protection | null }[],
): Promise<Map<string, ShownProtection>> {
  const ids = new Set(
    rows.flatMap(({ protection }) => (protection === null ? [] : guards.flatMap((guard) => protection[guard].people))),
  )
  const known =
    ids.size === 0
      ? []
      : (
          await db
            .select()
            .from(users)
            .where(inArray(users.id, [...ids]))
        ).map(personOf)
  const byName = ({ role, people }: Protection['deploy']) => ({
    role,
    people: known.filter(({ id }) => people.includes(id)),
  })
  return new Map(
    rows.flatMap(({ id, protection }) =>
      protection === null
        ? []
        : [
            [
              id,
              {
                deploy: byName(protection.deploy),
                secrets: byName(protection.secrets),
                promote: byName(protection.promote),
                ...(protection.approval && { approval: true }),
                ...(protection.overlays && { overlays: true }),
              },
            ] as const,
          ],
    ),
  )
}
