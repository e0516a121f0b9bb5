import { PlatformError } from '#contract/errors.ts'
import { problemOfVariable } from '#contract/variables.ts'

/*
 * Variables of a service in its folder: `.m3o/variables.env` (beside.ts says what becomes of it), which `m3o pull` writes,
 * and `m3o deploy --with-settings` and `m3o dev` read. Lines as env files have them everywhere (`node --env-file` and
 * `set -a; . file` read what is written here, unless a value needs an escape that they do not know):
 *
 *     # [variables]                 what follows is plain (so is what stands before any such line)
 *     GREETING=hello                bare when it is only letters, digits and ./:@%+,=_-
 *     TEXT='two words, "$HOME"'     in single quotes all is as it stands, ends of lines too
 *     ODD="it's\r\n\u0007"          in double quotes \n \r \t \" \\ \$ \` and \uXXXX are known
 *     # [secrets]                   what follows is secret: set as such where it is deployed to, and never shown
 *     TOKEN='…'
 *     # OTHER=                      has a value there which one may not read; take the # away and set one
 *
 * Blank lines and other comments (`#` at the beginning, or after a space behind a bare value) are passed over, and a
 * leading `export ` is.
 */
export interface FolderVariable {
  name: string
  value: string
  secret: boolean
}

const sections = { variables: '# [variables]', secrets: '# [secrets]' } as const
const bare = /^[A-Za-z0-9./:@%+,=_-]+$/
/** Would be lost or misread between single quotes: the quote itself, and control characters but tabs and ends of lines. */
const needsEscapes = /['\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]|[\ud800-\udfff]/

/** @param missing names of secrets whose values are elsewhere only */
export function formatVariables(
  all: readonly FolderVariable[],
  { about, missing }: { about: readonly string[]; missing: readonly string[] },
): string {
  const lines = (secret: boolean) =>
    all.filter((one) => one.secret === secret).map(({ name, value }) => `${name}=${quoted(value)}`)
  const variables = lines(false)
  const secrets = [...lines(true), ...missing.map((name) => `# ${name}=`)]
  return [
    ...about.map((line) => `# ${line.replace(/[\u0000-\u001f\u007f]/g, ' ')}`),
    '',
    sections.variables,
    ...variables,
    '',
    ...(secrets.length === 0 ? [] : [sections.secrets, ...secrets, '']),
  ].join('\n')
}

function quoted(value: string): string {
  if (bare.test(value)) return value
  if (!needsEscapes.test(value)) return `'${value}'`
  const short: Record<string, string> = {
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '"': '\\"',
    '\\': '\\\\',
    $: '\\$',
    '`': '\\`',
  }
  return `"${value.replace(/["\\$`\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]|[\ud800-\udfff]/g, (one) => short[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
}

/** @throws PlatformError `bad_request` naming the file's line, never its text; what a variable cannot be is refused as the platform does */
export function parseVariables(text: string, file: string): FolderVariable[] {
  const found = new Map<string, FolderVariable>()
  const source = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')
  let secret = false
  for (let at = 0; at < source.length;) {
    const end = endOfLine(source, at)
    const line = source.slice(at, end).trim()
    if (line === '' || line.startsWith('#')) {
      if (line === sections.secrets || line === sections.variables) secret = line === sections.secrets
      at = end + 1
      continue
    }
    const [head = '', name = ''] = /^[ \t]*(?:export[ \t]+)?([^\s=#]+)[ \t]*=[ \t]*/.exec(source.slice(at, end)) ?? []
    if (head === '') throw fault(file, source, at, 'it is not NAME=value')
    const { value, next } = readValue(source, at + head.length, file)
    const problem = problemOfVariable(name, value)
    if (problem !== undefined)
      throw new PlatformError(problem.code, `${file} line ${lineOf(source, at)}: ${problem.message}`, {
        ...(problem.fix !== undefined && { fix: problem.fix }),
      })
    found.set(name, { name, value, secret })
    at = next
  }
  return [...found.values()]
}

const pairs: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

/** `next`: where the following line begins. */
function readValue(source: string, from: number, file: string): { value: string; next: number } {
  const quote = source[from]
  if (quote !== '"' && quote !== "'") {
    const end = endOfLine(source, from)
    return {
      value: source
        .slice(from, end)
        .replace(/(^|[ \t])#.*$/, '')
        .trim(),
      next: end + 1,
    }
  }
  let value = ''
  for (let at = from + 1; at < source.length; at++) {
    const one = source[at] ?? ''
    if (one === quote) {
      const end = endOfLine(source, at)
      if (!/^[ \t]*(#.*)?$/.test(source.slice(at + 1, end)))
        throw fault(file, source, at, 'something follows the closing quote')
      return { value, next: end + 1 }
    }
    if (one !== '\\' || quote === "'") {
      value += one
      continue
    }
    const [, code] = /^u([0-9a-fA-F]{4})/.exec(source.slice(at + 1, at + 6)) ?? []
    const next = source[++at] ?? ''
    value +=
      code === undefined
        ? (pairs[next] ?? (/["\\$`]/.test(next) ? next : `\\${next}`))
        : String.fromCharCode(Number.parseInt(code, 16))
    if (code !== undefined) at += 4
  }
  throw fault(file, source, from, 'a quote is not closed')
}

function endOfLine(source: string, from: number): number {
  const at = source.indexOf('\n', from)
  return at === -1 ? source.length : at
}

const lineOf = (source: string, at: number): number => source.slice(0, at).split('\n').length

function fault(file: string, source: string, at: number, what: string): PlatformError {
  return new PlatformError('bad_request', `${file} line ${lineOf(source, at)}: ${what}`, {
    fix: "Write NAME=value, or NAME='value' if it has other characters than letters and digits.",
  })
}
