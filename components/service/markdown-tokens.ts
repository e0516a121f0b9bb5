import { lexer, type Token } from 'marked'
import { maxMarkdownChars } from '#contract/bounds.ts'

/** Emphasis within one paragraph takes quadratic time; no person emphasises so often. */
const mostDelimiters = 3_000
/** Quotes and lists within each other are read by recursion. */
const mostNested = 30

/**
 * The parts of a text in Markdown, which another team may have written, and which is read where the console is rendered. Undefined:
 * it is larger, or more entangled, than is read in time; it is to be shown as it was written.
 */
export function tokensOf(text: string): Token[] | undefined {
  if (text.length > maxMarkdownChars || !isPlainEnough(text)) return undefined
  try {
    return lexer(text)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function isPlainEnough(text: string): boolean {
  let delimiters = 0
  for (const line of text.split('\n')) {
    if (line.trim() === '') delimiters = 0
    for (const character of line)
      if (character === '*' || character === '_' || character === '~' || character === '`') delimiters += 1
    if (delimiters > mostDelimiters || nestedIn(line) > mostNested) return false
  }
  return true
}

/** How many quotes and list items begin at the beginning of a line. */
function nestedIn(line: string): number {
  const start = /^[\s>*+\d.)-]*/.exec(line.slice(0, 400))?.[0] ?? ''
  return start.match(/>|[*+-](?=\s)|\d[.)](?=\s)/g)?.length ?? 0
}
