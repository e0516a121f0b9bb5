import { type ErrorBody, isPlatformError } from '#contract/errors.ts'

/** A failure as a person is told of it. */
export interface Problem extends Omit<ErrorBody, 'code'> {
  code: ErrorBody['code'] | 'offline'
  /** Id under which the platform logged it, when it did. */
  request?: string
}

/** Reads what tRPC, a socket or `fetch` threw. Whatever is not the platform's own is called by what a person sees of it. */
export function problemOf(error: unknown): Problem {
  const body = bodyOf(error)
  if (body !== undefined) {
    const operation = body.data?.['operation']
    return { ...body, ...(typeof operation === 'string' && { request: operation }) }
  }
  if (isUnreachable(error)) {
    return { code: 'offline', message: 'The console did not answer.', fix: 'Check the connection to it; what you see may be old until it is back.' }
  }
  return { code: 'internal', message: 'Something went wrong in the console.', fix: 'Try again, or reload the page.' }
}

function bodyOf(error: unknown): ErrorBody | undefined {
  if (isPlatformError(error)) return error.toJSON()
  if (typeof error !== 'object' || error === null) return undefined
  const data = 'data' in error ? error.data : undefined
  const m3o = typeof data === 'object' && data !== null && 'm3o' in data ? data.m3o : undefined
  return typeof m3o === 'object' && m3o !== null && 'code' in m3o && 'message' in m3o ? (m3o as ErrorBody) : undefined
}

function isUnreachable(error: unknown): boolean {
  if (typeof navigator !== 'undefined' && !navigator.onLine) return true
  return error instanceof Error && /failed to fetch|networkerror|load failed|fetch failed|terminated/i.test(error.message)
}

/** "this name is taken" → "This name is taken.": the platform's sentences begin small, for the command's `error:` lines. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return trimmed
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1)
  return /[.!?)…]$/.test(capital) ? capital : `${capital}.`
}
