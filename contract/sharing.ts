import { z } from 'zod'
import { endpointChange } from './compatibility.ts'

/** What teams tell one another of the services that they share. Times are milliseconds since the epoch. */

/** Who besides its team may read and fork a service's source: nobody, those who may call it, everybody signed in. */
export const readables = ['team', 'callers', 'anyone'] as const
export type Readable = (typeof readables)[number]

const consumerStates = ['asked', 'approved', 'declined', 'revoked'] as const
export type ConsumerState = (typeof consumerStates)[number]

/** Whether a team may call another's service: at once, once approved, or not at all (`read`: its source may be read). */
export const accesses = ['open', 'needed', ...consumerStates, 'read'] as const
export type Access = (typeof accesses)[number]

const newsKinds = [
  'deployed',
  'endpoints',
  'deprecated',
  'undeprecated',
  'moved',
  'renamed',
  'audience',
  'approval',
  'deleted',
] as const
export type NewsKind = (typeof newsKinds)[number]

export const perMinute = z
  .number()
  .int()
  .min(1, 'at least 1 call a minute')
  .max(1_000_000, 'at most 1,000,000 calls a minute')

/** Tags are words: they stand in lists, filters and URLs. */
const tag = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9](-?[a-z0-9])*$/, 'a tag is lower-case letters, digits and single dashes')
  .max(24, 'a tag has at most 24 characters')
export const tags = z
  .array(tag)
  .max(12, 'at most 12 tags')
  .transform((all) => [...new Set(all)])

export const deprecation = z.object({
  message: z.string(),
  at: z.number(),
  /** When it stops being there; null: that is not said. */
  sunset: z.number().nullable(),
  /** `@team/service` to use instead. */
  replacement: z.string().nullable(),
})
export type Deprecation = z.infer<typeof deprecation>

/** Calls of a day, or of all days looked at. */
const usageSum = z.object({
  requests: z.number(),
  errors: z.number(),
  /** Mean time to the answer's head; null without a request. */
  meanMs: z.number().nullable(),
  /** Refused beyond the limit. */
  limited: z.number(),
})
export type UsageSum = z.infer<typeof usageSum>

/** A team that calls a service, asks to, or might. */
export const consumer = z.object({
  /** The empty string: anyone, not signed in. */
  teamId: z.string(),
  team: z.string(),
  /** The service's own team. */
  own: z.boolean(),
  /** It is of the audience. */
  admitted: z.boolean(),
  state: z.enum(consumerStates).nullable(),
  reason: z.string(),
  answer: z.string(),
  askedBy: z.string(),
  askedAt: z.number().nullable(),
  decidedBy: z.string(),
  decidedAt: z.number().nullable(),
  /** Its own number; null: the service's for everybody. */
  perMinute: z.number().nullable(),
  total: usageSum,
  /** One a day, oldest first, today last. */
  days: z.array(usageSum.extend({ day: z.number() })),
})
export type Consumer = z.infer<typeof consumer>

export const consumers = z.object({
  consumers: z.array(consumer),
  /** Who called which endpoint in these days, most often first. */
  calls: z.array(
    z.object({ endpoint: z.string(), team: z.string(), caller: z.string(), requests: z.number(), lastAt: z.number() }),
  ),
})
export type Consumers = z.infer<typeof consumers>

/** Somebody who called it in the last weeks, and would notice if it went. */
export const dependant = z.object({
  teamId: z.string(),
  team: z.string(),
  /** A service's name, or null for people and their tokens. */
  service: z.string().nullable(),
  endpoints: z.array(z.string()),
  requests: z.number(),
  lastAt: z.number(),
})
export type Dependant = z.infer<typeof dependant>

/** A change of the endpoints and those who really call what changes. */
export const impact = z.object({
  change: endpointChange,
  callers: z.array(
    z.object({ team: z.string(), service: z.string().nullable(), requests: z.number(), lastAt: z.number() }),
  ),
})
export type Impact = z.infer<typeof impact>

export const newsItem = z.object({
  /** Names it among the others. */
  id: z.string(),
  at: z.number(),
  kind: z.enum(newsKinds),
  team: z.string(),
  service: z.string(),
  text: z.string(),
  /** Somebody should do something about it. */
  weighs: z.boolean(),
  /** Why it is told: the person follows it, or the team calls it. */
  why: z.enum(['followed', 'called']),
  seen: z.boolean(),
})
export type NewsItem = z.infer<typeof newsItem>

/** Asks that wait for the team's answer. */
export const pendingAsk = z.object({
  service: z.string(),
  team: z.string(),
  reason: z.string(),
  by: z.string(),
  at: z.number(),
})
export type PendingAsk = z.infer<typeof pendingAsk>

/** A text of the repository: `README.md`, `docs/usage.md`. Null: too large to be shown. */
export const docFile = z.object({ path: z.string(), text: z.string().nullable() })
export type DocFile = z.infer<typeof docFile>
