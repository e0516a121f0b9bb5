import { errorOf } from '#client/errors.ts'
import type { ErrorBody } from '#contract/errors.ts'

/** A failure as a person is told of it. */
export interface Problem extends ErrorBody {
  /** Id under which the platform logged it, when it did. */
  request?: string
}

export function problemOf(error: unknown): Problem {
  const body = errorOf(error).toJSON()
  const operation = body.data?.['operation']
  return { ...body, ...(typeof operation === 'string' && { request: operation }) }
}

/** "this name is taken" → "This name is taken.": the platform's sentences begin small, for the command's `error:` lines. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return trimmed
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1)
  return /[.!?)…]$/.test(capital) ? capital : `${capital}.`
}
