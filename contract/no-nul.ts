import { PlatformError } from './errors.ts'

/**
 * No name, word or path holds NUL: Postgres cannot store it, and for the system it is where a string ends. The text of a
 * file and the body of a call may.
 * @throws PlatformError `bad_request` naming the field
 */
export function refuseNul(input: unknown): void {
  const field = fieldWithNul(input, [])
  if (field !== undefined)
    throw new PlatformError('bad_request', `${field === '' ? 'this' : field} contains a NUL character`, { field })
}

const content = new Set(['text', 'body'])

function fieldWithNul(value: unknown, path: readonly string[]): string | undefined {
  if (typeof value === 'string')
    return value.includes('\0') && !content.has(path.at(-1) ?? '') ? path.join('.') : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, item] of Object.entries(value)) {
    if (key.includes('\0')) return path.join('.')
    const found = fieldWithNul(item, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}
