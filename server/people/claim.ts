import { eq } from 'drizzle-orm'
import type { RpcClient } from '#contract/rpc-client.ts'
import type { RuntimeApi } from '#contract/runtime-api.ts'
import type { Person } from '#contract/records.ts'
import type { Db, Transaction } from '#db/open.ts'
import { codes, linkedAccounts, passkeys, recoveryCodes, sessions, totps, users } from '#db/schema.ts'
import { actingAs, note, ofPerson } from './changes.ts'
import type { Sessions } from './sessions.ts'

interface Parts {
  db: Db
  sessions: Sessions
  runtime: Pick<RpcClient<RuntimeApi>, 'call'>
}

/**
 * An account whose address nobody had confirmed becomes the one of who proves the address without having been signed in to it.
 * Whoever had it before may be somebody else, so all that they could come back with goes: password, factors, linked accounts,
 * codes, sessions and tokens. Teams, drafts and what is in the audit stay with the account.
 */
export class Claims {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * @param proof.replace sets the new way in, in the transaction that removes all others
   * @throws PlatformError `unavailable` while the runtime is away, before anything has changed
   */
  async take(
    person: Person,
    proof: { by: string; from: string; replace: (tx: Transaction) => Promise<unknown> },
  ): Promise<Person> {
    const { db, sessions: open, runtime } = this.#parts
    const actor = actingAs(person, proof.from)
    const revoke = () => runtime.call('tokens.revokeSignIns', { userId: person.id, all: true, keep: null }, { actor })
    await revoke()
    await db.transaction(async (tx) => {
      await tx.update(users).set({ passwordHash: null }).where(eq(users.id, person.id))
      for (const table of [linkedAccounts, passkeys, totps, recoveryCodes])
        await tx.delete(table).where(eq(table.userId, person.id))
      await proof.replace(tx)
      await tx.delete(codes).where(eq(codes.userId, person.id))
      await tx.update(sessions).set({ confirmedAt: null }).where(eq(sessions.userId, person.id))
    })
    // Confirmed last, so that no session or token from before is ever seen with the address; what was just being made goes, too.
    await open.endOthers(person, undefined, actor)
    await revoke()
    await open.endOthers(person, undefined, actor)
    const teams = (await runtime.call('teams.list', { userId: person.id }, { actor })).map(
      ({ name, role }) => `${name} (${role})`,
    )
    await db.transaction(async (tx) => {
      await tx.update(users).set({ emailVerifiedAt: Date.now() }).where(eq(users.id, person.id))
      await note(tx, actor, { action: 'person.claim', target: ofPerson(person), after: { by: proof.by, teams } })
    })
    return { id: person.id, name: person.name, email: person.email }
  }
}
