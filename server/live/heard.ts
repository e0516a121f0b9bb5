import type { z } from 'zod'

/** What somebody said, where it parses; undefined otherwise. Of an object whose length cannot be compared zod itself throws. */
export function heard<T>(schema: z.ZodType<T>, said: unknown): T | undefined {
  try {
    return schema.safeParse(said).data
  } catch {
    return undefined
  }
}
