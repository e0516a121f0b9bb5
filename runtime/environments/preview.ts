import { createHash } from 'node:crypto'
import { and, eq, gt, isNull, or } from 'drizzle-orm'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { suggestName } from '#contract/names.ts'
import { type Actor } from '#contract/rpc.ts'
import { environments, services } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import { Locks } from '../source/locks.ts'
import { isPreviewBranch } from '../source/naming.ts'
import type { Going } from './departure.ts'
import type { Life } from './life.ts'

const folder = 'preview/'
const maxName = 16

/**
 * Environments that show what was pushed to a branch `preview/…`: made by the first push, shared by all services of the
 * team that have the branch, gone with the last of these branches.
 */
export class Previews {
  readonly #platform: Going
  readonly #life: Life
  readonly #branches = new Locks()

  constructor(platform: Going, life: Life) {
    this.#platform = platform
    this.#life = life
  }

  /** Whether it is the branch of a preview, or would be if it could. */
  static is(branch: string): boolean {
    return branch.startsWith(folder)
  }

  /** The environment of the branch: the one that is there, or that has gone lately and comes back, or a new one. */
  of(
    actor: Actor,
    teamId: string,
    branch: string,
  ): Promise<{ id: string; name: string; made: 'now' | 'before' | 'again' }> {
    if (!isPreviewBranch(branch))
      throw new PlatformError('bad_request', `the branch name ${branch} cannot be used for a preview`, {
        fix: 'Use letters, digits, dashes and dots.',
      })
    return this.#branches.run(`${teamId}/${branch}`, async () => {
      const found = await this.#find(teamId, branch)
      if (found?.deletedAt === null) return { ...found, made: 'before' }
      if (found) {
        const back = await this.#life.restore(actor, found.id).catch((error: unknown) => {
          // Somebody else has the name by now.
          if (isPlatformError(error) && error.code !== 'internal') return undefined
          throw error
        })
        if (back) return { id: back.id, name: back.name, made: 'again' }
      }
      return { ...(await this.#make(actor, teamId, branch)), made: 'now' }
    })
  }

  /** The branch is gone in one repository. Says what became of the environment; undefined when there is none. */
  async branchDeleted(
    actor: Actor,
    { teamId, serviceId, service }: { teamId: string; serviceId: string; service: string },
    branch: string,
  ): Promise<{ id: string; name: string; others: string[] } | undefined> {
    if (!isPreviewBranch(branch)) return undefined
    return this.#branches.run(`${teamId}/${branch}`, async () => {
      const found = await this.#find(teamId, branch)
      if (!found || found.deletedAt !== null) return undefined
      const others = await this.#othersWith(teamId, serviceId, branch)
      if (others.length === 0) await this.#life.delete(actor, found.id)
      else {
        await this.#platform.places.reset({ serviceId, environmentId: found.id })
        await audited(
          this.#platform.db,
          actor,
          { teamId, action: 'environment.reset', target: `service ${service}`, after: { environment: found.name } },
          async () => {},
        )
        this.#platform.events.emit({ type: 'environment', teamId, environmentId: found.id })
      }
      return { id: found.id, name: found.name, others }
    })
  }

  async #find(teamId: string, branch: string) {
    const rows = await this.#platform.db
      .select()
      .from(environments)
      .where(
        and(
          eq(environments.teamId, teamId),
          eq(environments.branch, branch),
          or(isNull(environments.deletedAt), gt(environments.expiresAt, Date.now())),
        ),
      )
    return rows.find((row) => row.deletedAt === null) ?? rows.sort((a, b) => (b.deletedAt ?? 0) - (a.deletedAt ?? 0))[0]
  }

  async #make(actor: Actor, teamId: string, branch: string): Promise<{ id: string; name: string }> {
    for (const name of namesFor(branch)) {
      try {
        return await this.#life.create(actor, {
          teamId,
          name,
          kind: 'preview',
          parentId: null,
          ownerId: actor.id,
          branch,
        })
      } catch (error) {
        if (!isPlatformError(error) || error.code !== 'name_taken') throw error
      }
    }
    throw new PlatformError('name_taken', `all preview names for ${branch} are taken`, {
      fix: 'Push a branch with another name.',
    })
  }

  async #othersWith(teamId: string, serviceId: string, branch: string): Promise<string[]> {
    const { db, source } = this.#platform
    const rows = await db
      .select({ id: services.id, name: services.name })
      .from(services)
      .where(and(eq(services.teamId, teamId), isNull(services.deletedAt)))
    const having: string[] = []
    for (const { id, name } of rows)
      if (id !== serviceId && (await source.branches.has({ serviceId: id, branch }))) having.push(name)
    return having
  }
}

/** Of an environment for the branch: as near as it fits, then told apart by a few letters of its hash. */
export function* namesFor(branch: string): Generator<string> {
  const own = branch.slice(folder.length)
  const near = suggestName(own, 'environment') ?? suggestName(`p-${own}`, 'environment')
  if (near !== undefined) yield near
  const hash = createHash('sha256').update(branch).digest('hex')
  // Four letters of a hash are the same as four others once in 65,536 times.
  for (const letters of new Set([hash.slice(0, 4), hash.slice(4, 8), hash.slice(8, 12), hash.slice(12, 16)])) {
    yield `${(near ?? 'p').slice(0, maxName - 5).replace(/-+$/, '')}-${letters}`
  }
}
