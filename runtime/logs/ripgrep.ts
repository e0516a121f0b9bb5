import { rgPath } from '@vscode/ripgrep'
import type { LogMatch } from '#contract/logs.ts'
import { PlatformError } from '#contract/errors.ts'
import { spawn } from '../engines/process/spawn.ts'

/** What to search: files, or the bytes themselves. */
export type Haystack = { files: readonly string[] } | { bytes: Buffer }

// Next's types want a NODE_ENV in every environment.
const bare = {} as NodeJS.ProcessEnv

/**
 * Byte offsets of the lines that hold the pattern, ascending, by file (`''` for bytes). Undefined when stopped by the
 * signal. No shell, no settings of the machine's, and the pattern can never be taken for an option.
 */
export async function ripgrep(
  match: LogMatch,
  haystack: Haystack,
  signal: AbortSignal,
): Promise<Map<string, number[]> | undefined> {
  if (signal.aborted) return undefined
  const options = [
    '--no-config',
    '--no-ignore',
    '--text',
    '--encoding',
    'none',
    '--no-messages',
    '--color',
    'never',
    '--engine',
    'default',
    '--byte-offset',
    '--no-line-number',
    '--heading',
    // Where, not what: the line itself is read from the segment.
    '--max-columns',
    '1',
    match.text !== undefined && match.case !== true ? '--ignore-case' : '--case-sensitive',
    ...(match.text !== undefined ? ['--fixed-strings'] : []),
    ...('files' in haystack ? ['--with-filename'] : ['--no-filename']),
  ]
  const paths = 'files' in haystack ? haystack.files : ['-']
  const child = spawn(rgPath, [...options, '--regexp', match.text ?? match.regex ?? '', '--', ...paths], {
    stdio: ['bytes' in haystack ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: bare,
  })
  const stop = () => child.kill('SIGKILL')
  signal.addEventListener('abort', stop, { once: true })
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  let complaint = ''
  child.stderr?.on('data', (text: Buffer) => (complaint = (complaint + text.toString()).slice(0, 2_000)))
  if ('bytes' in haystack) {
    // It may have complained and gone before it has read all.
    child.stdin?.on('error', () => {})
    child.stdin?.end(haystack.bytes)
  }
  const found = new Offsets()
  child.stdout?.on('data', (bytes: Buffer) => found.feed(bytes))
  try {
    const code = await exited
    if (signal.aborted) return undefined
    if (code === 2 && complaint.includes('regex')) throw badRegex(reasonIn(complaint))
    if (code !== 0 && code !== 1 && code !== 2) throw new Error(`ripgrep exited with ${code}: ${complaint}`)
    return found.byFile
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Reads `path`, then `offset:…` for each line, without making a string of each. */
class Offsets {
  readonly byFile = new Map<string, number[]>()
  private here: number[] | undefined
  private rest: Buffer = Buffer.alloc(0)

  feed(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    let at = 0
    for (let end = bytes.indexOf(10, at); end !== -1; end = bytes.indexOf(10, at)) {
      const first = bytes[at] as number
      if (first >= 48 && first <= 57) this.list().push(numberAt(bytes, at))
      else if (end > at) this.byFile.set(bytes.toString('utf8', at, end), (this.here = []))
      at = end + 1
    }
    this.rest = Buffer.from(bytes.subarray(at))
  }

  private list(): number[] {
    if (this.here === undefined) this.byFile.set('', (this.here = []))
    return this.here
  }
}

function numberAt(bytes: Buffer, at: number): number {
  let value = 0
  for (let digit = bytes[at] as number; digit >= 48 && digit <= 57; digit = bytes[++at] ?? 0)
    value = value * 10 + digit - 48
  return value
}

function reasonIn(complaint: string): string {
  return /error: (.*)/.exec(complaint)?.[1] ?? complaint.trim().split('\n').at(-1) ?? 'not understood'
}

export function badRegex(reason: string): PlatformError {
  return new PlatformError('bad_request', `this expression cannot be used: ${reason}`, {
    fix: 'Write it in the syntax of https://docs.rs/regex (no look-around, no back-references), or search for plain text.',
    field: 'match',
  })
}
