import { TRPCClientError } from '@trpc/client'
import { type ErrorBody, errorFromBody, type PlatformError } from '#contract/errors.ts'

/** What happened, what to do and at which field, of anything that failed. */
export function errorOf(error: unknown): PlatformError {
  if (error instanceof TRPCClientError) {
    const body = (error.data as { m3o?: ErrorBody } | null | undefined)?.m3o
    if (body !== undefined) return errorFromBody(body)
    if ((error.cause as { name?: unknown } | undefined)?.name === 'PlatformError') return errorFromBody(error.cause)
    return errorFromBody({
      code: 'unavailable',
      message: 'the console cannot be reached',
      fix: 'Check your connection. The page continues by itself.',
    })
  }
  // What `fetch` throws without a response; each browser has words of its own.
  if (error instanceof TypeError && /failed to fetch|load failed|networkerror/i.test(error.message)) {
    return errorFromBody({
      code: 'unavailable',
      message: 'the console cannot be reached',
      fix: 'Check your connection, then try again.',
    })
  }
  // On the server it is what tRPC threw that was caused by it.
  for (const each of [error, (error as { cause?: unknown } | null | undefined)?.cause]) {
    const { name, code } = (each ?? {}) as { name?: unknown; code?: unknown }
    if (name === 'PlatformError' && typeof code === 'string') return errorFromBody(each)
  }
  return errorFromBody({ code: 'internal', message: 'something went wrong in this page', fix: 'Reload the page.' })
}
