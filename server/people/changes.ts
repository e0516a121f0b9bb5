import type { Actor } from '#contract/rpc.ts'
import type { Person } from '#contract/records.ts'
import type { Db, Transaction } from '#db/open.ts'
import { personalChanges } from '#db/schema.ts'

/** What somebody changed of how a person signs in. `before` and `after` hold no secret. */
export interface PersonalChange {
  action: string
  /** `person ann@example.com` */
  target: string
  before?: unknown
  after?: unknown
}

/**
 * Runs a change and notes it in the same transaction. The runtime takes the note up into the audit
 * (runtime/audit/personal.ts): at its start, and when it is told that the person changed.
 */
export async function noted<T>(
  db: Db,
  actor: Actor,
  change: PersonalChange,
  run: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return db.transaction(async (tx) => {
    const result = await run(tx)
    await note(tx, actor, change)
    return result
  })
}

export async function note(tx: Transaction, actor: Actor, change: PersonalChange): Promise<void> {
  await tx.insert(personalChanges).values({
    actor,
    action: change.action,
    target: change.target,
    before: change.before ?? null,
    after: change.after ?? null,
  })
}

export const ofPerson = ({ email }: Pick<Person, 'email'>): string => `person ${email}`

/** Who acts on the strength of a code or a provider's word, before there is a session. */
export const actingAs = (person: Person, from: string): Actor => ({ ...actorOf(person), from })

export const actorOf = ({ id, email, unconfirmed }: Person): Actor => ({
  kind: 'person',
  id,
  name: email,
  ...(unconfirmed && { unconfirmed }),
})
