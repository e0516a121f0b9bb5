export type TokenKind = 'name' | 'string' | 'literal' | 'plain'

/** More than this is shown without marks: each is an element. */
const mostMarked = 60_000
const token = /("(?:\\.|[^"\\])*")(?=\s*:)|("(?:\\.|[^"\\])*")|(-?\d[\d.eE+-]*|\btrue\b|\bfalse\b|\bnull\b)/g

/** Printed JSON in pieces, in order: together they are the text. Of a long one only the beginning is told apart. */
export function tokensOf(text: string): { kind: TokenKind; text: string }[] {
  const marked = text.slice(0, mostMarked)
  const tokens: { kind: TokenKind; text: string }[] = []
  let end = 0
  for (const match of marked.matchAll(token)) {
    if (match.index > end) tokens.push({ kind: 'plain', text: marked.slice(end, match.index) })
    tokens.push({
      kind: match[1] !== undefined ? 'name' : match[2] !== undefined ? 'string' : 'literal',
      text: match[0],
    })
    end = match.index + match[0].length
  }
  if (end < text.length) tokens.push({ kind: 'plain', text: text.slice(end) })
  return tokens
}
