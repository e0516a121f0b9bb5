export interface EnvEntry {
  /** Of the text, from 1. */
  line: number
  name: string
  value: string
}

export interface EnvFile {
  /** In their order; of a name that is there twice, the last. */
  entries: EnvEntry[]
  /** Lines that say nothing that is understood. */
  unread: number[]
}

const assignment = /^\s*(?:export\s+)?([^\s=#'"`]+)\s*=[ \t]*/

/**
 * Reads what people keep in `.env` files, as https://github.com/motdotla/dotenv#what-rules-does-the-parsing-engine-follow
 * says: quotes of three kinds, which may span lines; escapes in double ones; comments. Nothing is expanded.
 */
export function readEnv(text: string): EnvFile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  const found = new Map<string, EnvEntry>()
  const unread: number[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (/^\s*(#|$)/.test(line)) continue
    const begin = assignment.exec(line)
    if (begin?.[1] === undefined) {
      unread.push(at + 1)
      continue
    }
    const rest = line.slice(begin[0].length)
    const quoted = readQuoted(rest, lines, at)
    found.delete(begin[1])
    found.set(begin[1], { line: at + 1, name: begin[1], value: quoted?.value ?? rest.replace(/(^|\s)#.*$/, '').trim() })
    at = quoted?.last ?? at
  }
  return { entries: [...found.values()], unread }
}

/** A value in quotes that may end some lines later; undefined when it is not quoted, or never ends. */
function readQuoted(rest: string, lines: readonly string[], at: number): { value: string; last: number } | undefined {
  const quote = rest.charAt(0)
  if (quote !== '"' && quote !== "'" && quote !== '`') return undefined
  let text = rest.slice(1)
  for (let last = at; last < lines.length; text += `\n${lines[++last] ?? ''}`) {
    const end = endOf(text, quote)
    if (end === -1) continue
    const value = text.slice(0, end)
    return { value: quote === '"' ? unescaped(value) : value, last }
  }
  return undefined
}

function endOf(text: string, quote: string): number {
  if (quote !== '"') return text.indexOf(quote)
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at
  }
  return -1
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' }
const unescaped = (text: string): string =>
  text.replace(/\\([nrt"\\$])/g, (whole, letter: string) => escapes[letter] ?? whole)

const secretName =
  /(secret|token|passw|pwd|passphrase|private|credential|api_?key|access_?key|signing|encrypt|salt|auth|dsn|webhook|cert|_key$|^key$)/i
const publicName = /(^|_)public(_|$)/i
const secretValue =
  /^(sk|pk|rk|ghp|gho|ghs|github_pat|xox[abp]|glpat|AKIA|m3o|npm|shpat|SG)[-_A-Z0-9]|^eyJ[\w-]+\.|-----BEGIN|^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/

/** Whether a value had better not be shown again: by its name, by what it begins with, or because it looks drawn at random. */
export function looksSecret({ name, value }: Pick<EnvEntry, 'name' | 'value'>): boolean {
  if (value === '') return false
  if (secretValue.test(value)) return true
  if (publicName.test(name)) return false
  return (secretName.test(name) && !/^(true|false|\d{1,5})$/i.test(value)) || looksRandom(value)
}

/** One long word of letters of both cases, or hexadecimal, with digits among them. */
const looksRandom = (value: string): boolean =>
  /^[\w+/=-]{24,}$/.test(value) &&
  /\d/.test(value) &&
  /[a-z]/i.test(value) &&
  ((/[a-z]/.test(value) && /[A-Z]/.test(value)) || /^[\da-f]{32,}$/i.test(value))
