import type { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'

/** A request's query by a schema, as a procedure's input would be read. @throws PlatformError `bad_request` */
export function readQuery<T extends z.ZodType>(url: URL, schema: T): z.output<T> {
  const parsed = schema.safeParse(Object.fromEntries(url.searchParams))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.') ?? ''
  throw new PlatformError('bad_request', `${field}: ${issue?.message ?? 'invalid'}`, { field })
}
