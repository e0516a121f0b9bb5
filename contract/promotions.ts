import { z } from 'zod'
import { impact } from './sharing.ts'
import { deploymentStates, promotionStates } from './states.ts'

/** What moves, as it is kept; a commit of null: the environment's own copy goes, as before the promotion that is taken back. */
export interface PromotionItem {
  serviceId: string
  commit: string | null
  /** The deployment whose revision it is. */
  sourceId: string | null
  /** The deployment that served in the environment before; null when it had no copy of its own. */
  previousId: string | null
  /** Where the environment's branch was before; null where it had none. */
  head: string | null
  /** The copy that the revision came from has left its environment, which inherits it now. */
  left: boolean
}

/** One service as a comparison showed it. A promotion and its approval are of exactly this, or refused as `conflict`. */
export interface PromotedContent {
  serviceId: string
  commit: string
  /** The build that the revision was tried with. */
  buildId: string
  /** Commit that served in the parent; null: none. */
  parent: string | null
  /** Hashes of its variables in both environments, and of its settings in the parent. */
  variables: string
  settings: string
}

/** What is otherwise, since somebody looked, of one service. */
const promotionChange = z.object({ service: z.string(), what: z.array(z.string()) })
export type PromotionChange = z.infer<typeof promotionChange>

/** What somebody looked at, by service: `seen` of the comparison. Null: nothing; then what is there now is promoted. */
export const seenServices = z.record(z.string(), z.string().max(64)).nullable()

/** Why a promotion cannot be, or what one should know of it. */
const promotionCheck = z.object({
  code: z.enum([
    'no_parent',
    'nothing_own',
    'not_own',
    'not_live',
    'deploying',
    'same',
    'lacks',
    'promoting',
    'missing_variable',
    'keeps_copy',
    'interrupts',
    'breaks',
  ]),
  /** Null: it is about all of it. */
  service: z.string().nullable(),
  /** It stands in the way; the others are only to be known. */
  stops: z.boolean(),
  message: z.string(),
  fix: z.string().nullable(),
})
export type PromotionCheck = z.infer<typeof promotionCheck>

/** One side's copy of a service. */
const comparedCopy = z.object({
  /** Environment whose copy serves: the one looked at, or a parent. */
  from: z.string(),
  own: z.boolean(),
  revision: z.string(),
  commit: z.string(),
  message: z.string(),
  by: z.string(),
  at: z.number(),
})

const relations = ['same', 'ahead', 'behind', 'diverged', 'only here', 'only there'] as const

export const environmentDiff = z.object({
  environment: z.string(),
  against: z.string(),
  /** The second is the first's parent: what is own can be promoted. */
  isParent: z.boolean(),
  /** Of the second; what a promotion is made for. */
  generation: z.number(),
  /** Those that differ, and those with a copy of their own on either side. */
  services: z.array(
    z.object({
      serviceId: z.string(),
      service: z.string(),
      here: comparedCopy.nullable(),
      there: comparedCopy.nullable(),
      /** Of this side's revision to the other's, by their history. */
      relation: z.enum(relations),
      /** Commits that only this side has, and only the other. */
      ahead: z.number(),
      behind: z.number(),
      /** Endpoints that would break for those who call them, were this side's to take the other's place. */
      impacts: z.array(impact),
      /** Names all that is shown of it, for a promotion of exactly this. Null: it cannot be promoted from here. */
      seen: z.string().nullable(),
    }),
  ),
  /** How many services both serve in the same way. */
  same: z.number(),
  /**
   * Those that differ. Of secrets never a value, nor whether two are equal, which would let anybody test guesses: `in both` is a secret
   * that each side sets for itself.
   */
  variables: z.array(
    z.object({
      serviceId: z.string(),
      service: z.string(),
      name: z.string(),
      secret: z.boolean(),
      change: z.enum(['only here', 'only there', 'differs', 'in both']),
      here: z.string().nullable(),
      there: z.string().nullable(),
    }),
  ),
  /** Services that calls made in the first cannot reach: what it inherits holds secrets of `keeper`, which is protected (contract/overlay-secrets.ts). */
  unreachable: z.array(z.object({ serviceId: z.string(), service: z.string(), from: z.string(), keeper: z.string() })),
  checks: z.array(promotionCheck),
})
export type EnvironmentDiff = z.infer<typeof environmentDiff>

export const promotion = z.object({
  id: z.string(),
  teamId: z.string(),
  /** Null for one that takes another back. */
  fromId: z.string().nullable(),
  from: z.string().nullable(),
  intoId: z.string(),
  into: z.string(),
  /** The promotion that this one takes back, and the one that took this one back. */
  undoes: z.string().nullable(),
  undoneBy: z.string().nullable(),
  state: z.enum(promotionStates),
  services: z.array(
    z.object({
      serviceId: z.string(),
      service: z.string(),
      /** Null: the environment's own copy goes. */
      revision: z.string().nullable(),
      commit: z.string().nullable(),
      /** What served there before; null when nothing of its own did. */
      previousRevision: z.string().nullable(),
      previousCommit: z.string().nullable(),
      deploymentId: z.string().nullable(),
      /** Null for a copy that goes. */
      state: z.enum(deploymentStates).nullable(),
      /** From its beginning to being ready; null while it is not. */
      readyMs: z.number().nullable(),
      /** Its copy has left the environment that it came from. */
      left: z.boolean(),
    }),
  ),
  by: z.string(),
  createdAt: z.number(),
  endedAt: z.number().nullable(),
  durationMs: z.number().nullable(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      fix: z.string().optional(),
      field: z.string().optional(),
      data: z.record(z.string(), z.unknown()).optional(),
    })
    .nullable(),
  /** Null when it can be taken back; else why not. */
  whyNotUndone: z.string().nullable(),
})
export type Promotion = z.infer<typeof promotion>

/** A promotion that waits for a second pair of eyes, or did. */
export const promotionRequest = z.object({
  id: z.string(),
  teamId: z.string(),
  fromId: z.string(),
  from: z.string(),
  intoId: z.string(),
  into: z.string(),
  /** With the revisions that were asked for, and those that served in the parent then. */
  services: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      revision: z.string(),
      commit: z.string(),
      parentRevision: z.string().nullable(),
    }),
  ),
  /** Names exactly this; who approves it sends what they looked at. */
  seen: z.string(),
  /** Of one that waits: what is otherwise by now. Anything here makes approving a `conflict`. */
  changes: z.array(promotionChange),
  state: z.enum(['waiting', 'approved', 'declined']),
  by: z.object({ id: z.string(), name: z.string() }),
  createdAt: z.number(),
  decidedBy: z.string().nullable(),
  decidedAt: z.number().nullable(),
  reason: z.string().nullable(),
  /** What it has become. */
  promotionId: z.string().nullable(),
})
export type PromotionRequest = z.infer<typeof promotionRequest>
