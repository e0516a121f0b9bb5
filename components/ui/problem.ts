import { errorOf } from '#client/errors.ts'
import type { ErrorBody } from '#contract/errors.ts'
import { withoutAnsi } from './printed-text.ts'

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

/** The first word is a name that is spelled like this: `src/x.ts:3:7`, `npm:`, `m3o.json`, `isReady`. */
const isName = (word: string) => /[./\\_@(]\S|:$|:\d|[a-z][A-Z]|^m3o$/.test(word)

/** "this name is taken" → "This name is taken.": the platform's sentences begin small, for the command's `error:` lines. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return trimmed
  const capital = isName(trimmed.split(/\s/, 1)[0] ?? '') ? trimmed : trimmed.charAt(0).toUpperCase() + trimmed.slice(1)
  return /[.!?)…]$/.test(capital) ? capital : `${capital}.`
}

/** A message of several lines: its first one is a sentence, the others (the lines of a file around a fault) keep their shape. */
export function headAndRest(message: string): { head: string; rest: string } {
  const [head = '', ...rest] = withoutAnsi(message).split('\n')
  return { head: head.trim(), rest: rest.join('\n').trimEnd() }
}
