import { z } from 'zod'
import { roles } from './permissions.ts'

/** The least role that may do it in an environment, beyond what the table of permissions asks everywhere. */
export const protection = z.object({
  /** Deploy, roll back, restart, scale, stop. */
  deploy: z.enum(roles),
  /** Set and read variables and secrets. */
  secrets: z.enum(roles),
  /** Promote into it. */
  promote: z.enum(roles),
})
export type Protection = z.infer<typeof protection>
