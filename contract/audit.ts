import { z } from 'zod'

/** One change, or one reading of a secret. Nothing in it is secret. */
export const auditEntry = z.object({
  seq: z.number(),
  at: z.number(),
  actor: z.object({
    kind: z.string(),
    id: z.string(),
    name: z.string(),
    /** A person whose address nothing had proved at that time. */
    unconfirmed: z.literal(true).optional(),
    /** Address of the machine that it came from, where known. */
    from: z.string().nullable(),
    /** The session or the token that it was done with; a token's name while it is known. */
    by: z
      .union([z.object({ token: z.string(), name: z.string().nullable() }), z.object({ session: z.string() })])
      .nullable(),
  }),
  action: z.string(),
  target: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
})
export type AuditEntry = z.infer<typeof auditEntry>

/** All that is given must fit. */
export const auditFilter = z.object({
  /** An email, or the name of a service or of the platform. */
  who: z.string().max(300).optional(),
  /** `secret.read`, or all of a noun's: `secret.*`. */
  action: z.string().max(80).optional(),
  /** Anywhere in what it was done to, or in what was before and after. */
  target: z.string().max(200).optional(),
  /** Milliseconds since the epoch. */
  since: z.number().optional(),
  until: z.number().optional(),
})
export type AuditFilter = z.infer<typeof auditFilter>

/** Whether the chain of all rows is whole. */
export const auditCheck = z.object({
  rows: z.number(),
  /** The last row that is as it was written. */
  verifiedTo: z.number(),
  /** The first that is not. */
  broken: z.object({ seq: z.number(), at: z.number().nullable(), why: z.string() }).nullable(),
})
export type AuditCheck = z.infer<typeof auditCheck>
