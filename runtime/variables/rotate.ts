import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { and, asc, eq, isNotNull, like, not } from 'drizzle-orm'
import type { Logger } from 'pino'
import { PlatformError } from '#contract/errors.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Db, Transaction } from '#db/open.ts'
import { deployments, variables } from '#db/schema.ts'
import { renameDurably } from '#sdk/compile/durable.ts'
import { writeAudit } from '../audit/audit.ts'
import { sealedVariables } from '../instances/plan.ts'
import { keyFile, keyName, type Keyring, writtenKeys } from './seal.ts'
import { sealedName } from './variables.ts'

/*
 * Another key for secrets, while everything runs. The new one is on the disk, beside the old one, before anything is
 * sealed with it; then all that is sealed is sealed anew, in one transaction; the old one goes when nothing needs it,
 * and what was sealed a moment before the change has landed. A runtime that is killed at any instant finds both keys,
 * and goes on where it was. What none of the keys opens stays as it is: its own key, should it be found, still will.
 */

/** What was sealed before the change is in the database by then. */
const landedMs = 60_000
const together = 200

interface Parts {
  db: Db
  seal: Keyring
  settings: { home: string }
  log: Pick<Logger, 'info' | 'error'>
}

interface Options {
  waitMs?: number
  /** Told of each step once it is taken: for a test that dies there. */
  at?: (step: string) => void
}

const under = new WeakSet<Keyring>()

/** @throws PlatformError `not_in_this_state` while another one is under way */
export async function rotateKey(
  parts: Parts,
  actor: Actor,
  { waitMs = landedMs, at = () => {} }: Options = {},
): Promise<{ key: string; sealed: number; unreadable: string[] }> {
  const { seal, settings } = parts
  if (seal.keys.length > 1 || under.has(seal)) {
    throw new PlatformError('not_in_this_state', 'the key is already being rotated', {
      fix: `The old key is removed ${landedMs / 1000} seconds after a rotation; wait until then.`,
    })
  }
  under.add(seal)
  try {
    const [before] = seal.keys
    const key = randomBytes(32)
    await write(settings.home, [key, ...seal.keys])
    at('both keys stay')
    seal.replace([key, ...seal.keys])
    const { sealed, unreadable } = await sealAnew(parts, async (tx, count) => {
      const named = (one: Buffer | undefined) => (one === undefined ? null : { key: keyName(one) })
      await writeAudit(tx, actor, {
        teamId: null,
        action: 'platform.key',
        target: 'key of secrets',
        before: named(before),
        after: { ...named(key), sealed: count },
      })
      at('everything is encrypted with the new key')
    })
    at('the transaction is done')
    void retire(parts, waitMs).catch((error: unknown) =>
      parts.log.error({ err: error }, 'the key of secrets before could not be retired'),
    )
    return { key: keyName(key), sealed, unreadable }
  } finally {
    under.delete(seal)
  }
}

/** What a runtime that was killed left under way. */
export async function finishRotation(parts: Parts): Promise<void> {
  if (parts.seal.keys.length > 1) await retire(parts, 0)
}

/** Seals the stragglers, and forgets every key but the first. */
async function retire(parts: Parts, waitMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, waitMs).unref())
  const { seal, settings, log } = parts
  const { sealed, unreadable } = await sealAnew(parts)
  const [first] = seal.keys
  if (first === undefined) return
  await write(settings.home, [first])
  seal.replace([first])
  log.info({ key: keyName(first), sealed, unreadable: unreadable.length }, 'secrets have a new key')
}

interface SealedAnew {
  /** How much. */
  sealed: number
  /** What no key opens, in words. */
  unreadable: string[]
}

/** All that is not sealed with the first key yet. */
async function sealAnew(
  { db, seal }: Parts,
  within: (tx: Transaction, count: number) => Promise<void> = async () => {},
): Promise<SealedAnew> {
  return db.transaction(async (tx) => {
    const done: SealedAnew = { sealed: 0, unreadable: [] }
    /** Undefined for what cannot be opened, which is passed over from then on. */
    const again = (text: string, name: string, words: string): string | undefined => {
      try {
        const opened = seal.open(text, name)
        done.sealed += 1
        return seal.seal(opened, name)
      } catch {
        done.unreadable.push(words)
        return undefined
      }
    }
    for (let over = 0; ;) {
      const rows = await tx
        .select()
        .from(variables)
        .where(
          and(
            eq(variables.secret, true),
            isNotNull(variables.value),
            not(like(variables.value, `${likely(seal.prefix)}%`)),
          ),
        )
        .orderBy(asc(variables.serviceId), asc(variables.environmentId), asc(variables.name))
        .limit(together)
        .offset(over)
        .for('update')
      for (const row of rows) {
        const { serviceId, environmentId, name } = row
        const value = again(
          row.value ?? '',
          sealedName(row),
          `secret ${name} of service ${serviceId} in environment ${environmentId}`,
        )
        if (value === undefined) over += 1
        else
          await tx
            .update(variables)
            .set({ value })
            .where(
              and(
                eq(variables.serviceId, serviceId),
                eq(variables.environmentId, environmentId),
                eq(variables.name, name),
              ),
            )
      }
      if (rows.length < together) break
    }
    for (let over = 0; ;) {
      const rows = await tx
        .select({ id: deployments.id, variables: deployments.variables })
        .from(deployments)
        .where(and(isNotNull(deployments.variables), not(like(deployments.variables, `${likely(seal.prefix)}%`))))
        .orderBy(asc(deployments.id))
        .limit(together)
        .offset(over)
        .for('update')
      for (const row of rows) {
        const sealed = again(row.variables ?? '', sealedVariables(row.id), `variables of deployment ${row.id}`)
        if (sealed === undefined) over += 1
        else await tx.update(deployments).set({ variables: sealed }).where(eq(deployments.id, row.id))
      }
      if (rows.length < together) break
    }
    await within(tx, done.sealed)
    return done
  })
}

/** LIKE has a meaning of its own for what base64url is written with. */
const likely = (text: string) => text.replace(/[\\%_]/g, '\\$&')

async function write(home: string, keys: readonly Buffer[]): Promise<void> {
  const temporary = `${keyFile(home)}.new`
  await writeFile(temporary, writtenKeys(keys), { mode: 0o600, flush: true })
  await renameDurably(temporary, keyFile(home))
}
