import { eq, inArray } from 'drizzle-orm'
import { isPlatformError } from '#contract/errors.ts'
import type { PromotionItem } from '#contract/promotions.ts'
import { environments, users } from '#db/schema.ts'
import { branchOf, type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import { authorOf } from '../people/person.ts'
import type { Platform } from '../platform.ts'
import { findPromotion, type PromotionRow } from './record.ts'

/**
 * The branches follow what was switched, so that who edits next begins where the environment is. The same however often
 * it is done, and without effect where somebody has gone on meanwhile.
 */
export async function land(platform: Platform, row: PromotionRow): Promise<void> {
  if (row.state === 'reverted') return takeBack(platform, row)
  if (row.undoesId !== null) return takeBack(platform, await findPromotion(platform.db, row.undoesId))
  const chain = await environmentChain(platform.db, row.intoId)
  const [from] =
    row.fromId === null ? [] : await platform.db.select().from(environments).where(eq(environments.id, row.fromId))
  const author = await promoterOf(platform, row)
  await Promise.all(
    row.items.map(
      async (item) => item.commit !== null && landOne(platform, { item, commit: item.commit, chain, from, author }),
    ),
  )
}

interface Landing {
  item: PromotionItem
  commit: string
  chain: readonly EnvironmentRow[]
  from: EnvironmentRow | undefined
  author: { name: string; email: string }
}

async function landOne(
  platform: Platform,
  { item: { serviceId, left }, commit, chain, from, author }: Landing,
): Promise<void> {
  const { branches, merges } = platform.source
  const into = chain[0]?.name ?? ''
  try {
    await merges.into({
      serviceId,
      branches: chain.map(branchOf),
      other: commit,
      author,
      message: `Promote ${commit.slice(0, 7)} from ${from?.name ?? 'an environment'} into ${into}`,
    })
  } catch (error) {
    // Not deployed yet, and contrary to what is: whoever goes on there brings the two together.
    if (!isPlatformError(error) || error.code !== 'conflict') throw error
    const environmentId = chain[0]?.id ?? ''
    await platform.logs.append(
      { serviceId, environmentId },
      {
        stream: 'platform',
        level: 'warn',
        text: `${commit.slice(0, 7)} is live, but the branch of ${into} has conflicting changes`,
        revision: commit.slice(0, 7),
      },
    )
    return
  }
  // What is inherited again has no branch of its own, unless it holds more than what went.
  if (left && from) await branches.remove({ serviceId, branch: branchOf(from), expected: commit })
}

/** To where they were before a promotion, where nobody has gone on since. */
async function takeBack({ db, source: { branches } }: Platform, promotion: PromotionRow): Promise<void> {
  const named = await db
    .select()
    .from(environments)
    .where(inArray(environments.id, [promotion.intoId, ...(promotion.fromId === null ? [] : [promotion.fromId])]))
  const into = named.find(({ id }) => id === promotion.intoId)
  const from = named.find(({ id }) => id === promotion.fromId)
  await Promise.all(
    promotion.items.map(async ({ serviceId, commit, head, left }) => {
      if (commit === null || !into) return
      if (
        left &&
        from?.deletedAt === null &&
        (await branches.at({ serviceId, branch: branchOf(from) })) === undefined
      ) {
        await branches
          .advance({ serviceId, branch: branchOf(from), to: commit, expected: undefined })
          .catch(unlessMoved)
      }
      if (head === commit || (await branches.at({ serviceId, branch: branchOf(into) })) !== commit) return
      if (head === null) await branches.remove({ serviceId, branch: branchOf(into), expected: commit })
      else await branches.advance({ serviceId, branch: branchOf(into), to: head, expected: commit }).catch(unlessMoved)
    }),
  )
}

function unlessMoved(error: unknown): void {
  if (!isPlatformError(error) || error.code !== 'conflict') throw error
}

async function promoterOf({ db }: Platform, row: PromotionRow): Promise<{ name: string; email: string }> {
  const [user] = await db.select().from(users).where(eq(users.id, row.byId))
  return authorOf(user)
}
