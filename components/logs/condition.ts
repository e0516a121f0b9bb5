import type { LogMatch } from '#contract/logs.ts'

/**
 * One condition as it is typed and as it stands in an address: `-` in front means not, `=` that case counts, `/…/` is a
 * regular expression (always by case), `\` takes the next sign as it is. So `-/5\d\d/` hides lines with 500 to 599.
 */
export function parseCondition(typed: string): LogMatch | undefined {
  let rest = typed.replace(/[\n\r\0]/g, ' ').slice(0, 1000)
  const not = rest.startsWith('-')
  if (not) rest = rest.slice(1)
  const exact = rest.startsWith('=')
  if (exact) rest = rest.slice(1)
  const found = { ...(not && { not }) }
  if (rest.length > 2 && rest.startsWith('/') && rest.endsWith('/')) return { regex: rest.slice(1, -1), ...found }
  const text = rest.startsWith('\\') ? rest.slice(1) : rest
  return text.trim() === '' ? undefined : { text, ...(exact && { case: true }), ...found }
}

export function formatCondition(match: LogMatch): string {
  const flags = `${match.not ? '-' : ''}`
  if (match.regex !== undefined) return `${flags}/${match.regex}/`
  const text = match.text ?? ''
  const escaped = /^[-=\\/]/.test(text) ? `\\${text}` : text
  return `${flags}${match.case ? '=' : ''}${escaped}`
}

/** A field has this value, wherever it stands among the fields. */
export function fieldCondition(name: string, value: unknown, not = false): LogMatch {
  return { text: `${JSON.stringify(name)}:${JSON.stringify(value)}`.slice(0, 1000), case: true, ...(not && { not }) }
}

/** As a person reads it on a chip. */
export function spokenCondition(match: LogMatch): string {
  const field = match.text?.match(/^"([\w$.-]+)":(.+)$/s)
  if (field && match.case) return `${field[1]} = ${field[2]}`
  return match.regex === undefined ? (match.text ?? '') : `/${match.regex}/`
}
