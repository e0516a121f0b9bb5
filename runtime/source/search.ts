import { PlatformError } from '#contract/errors.ts'
import { FairTurns } from '../builds/fair-turns.ts'
import { exitOf, killGit, spawnGit } from './git.ts'
import type { Repository } from './naming.ts'
import { treeAt } from './object-reader.ts'
import type { Oid } from './objects.ts'

export interface SearchInput {
  /** Commit or tree. */
  tree: Oid
  query: string
  /** Perl's regular expressions; else the text as it is. */
  regex?: boolean
  caseSensitive?: boolean
  wholeWord?: boolean
  /** Globs such as `src/**` or `*.ts`. */
  include?: string[]
  exclude?: string[]
  limit?: number
  timeoutMs?: number
  /** Aborts with the person who searches. */
  signal?: AbortSignal
}

export type SearchEvent =
  | {
      type: 'match'
      path: string
      line: number
      column: number
      preview: string
      previewColumn: number
      length: number
    }
  | { type: 'end'; matches: number; stopped?: 'limit' | 'timeout' }

const maxLineBytes = 64 << 10
const before = 80
const shown = 240

/*
 * Git says how far a match goes by colouring it: an expression is evaluated by a process of its own, which is killed at the
 * deadline, and nowhere in this one. No other part of a line is given a colour.
 */
const opens = Buffer.from('\x1b[31m')
const closes = Buffer.from('\x1b[m')
const colours = {
  ...Object.fromEntries(
    ['filename', 'lineNumber', 'column', 'separator', 'context', 'selected', 'function'].map((part) => [
      `color.grep.${part}`,
      'normal',
    ]),
  ),
  'color.grep.match': 'red',
}

/** Searches use a processor each; one repository's wait for each other, and keep no other repository waiting. */
const turns = new FairTurns(2)

/** Searches the texts of a tree as it goes; the last event says how it ended. Line, column and length count UTF-16 units, from 1. */
export async function* searchTree(repository: Repository, input: SearchInput): AsyncGenerator<SearchEvent> {
  await turns.take(repository.dir, input.signal ?? new AbortController().signal)
  try {
    yield* searchNow(repository, input)
  } finally {
    turns.give(repository.dir)
  }
}

async function* searchNow(repository: Repository, input: SearchInput): AsyncGenerator<SearchEvent> {
  const { limit = 1000, timeoutMs = 5000 } = input
  if (input.query === '' || input.query.length > 1000 || /[\0\n]/.test(input.query)) {
    throw new PlatformError('bad_request', 'search for a single line of at most 1,000 characters', { field: 'query' })
  }
  const tree = await treeAt(repository, input.tree)
  const child = spawnGit(
    repository.dir,
    [
      'grep',
      '-z',
      '-n',
      '--column',
      '-I',
      '--color=always',
      '--full-name',
      '--threads=1',
      input.regex ? '-P' : '-F',
      ...(input.caseSensitive ? [] : ['-i']),
      ...(input.wholeWord ? ['-w'] : []),
      '-e',
      input.query,
      tree,
      '--',
      ...pathspecs(input),
    ],
    { config: colours },
  )
  child.stdin.end()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < 4096) stderr += text
  })
  const ended = exitOf(child)
  ended.catch(() => {})
  let stopped: 'limit' | 'timeout' | undefined
  const timer = setTimeout(() => {
    stopped = 'timeout'
    killGit(child)
  }, timeoutMs)
  const gone = () => killGit(child)
  input.signal?.addEventListener('abort', gone, { once: true })
  if (input.signal?.aborted) gone()
  let matches = 0
  try {
    for await (const record of lines(child.stdout)) {
      const match = parse(record, tree.length + 1)
      if (match === undefined) continue
      if (matches === limit) {
        stopped = 'limit'
        break
      }
      matches++
      yield match
    }
    if (stopped === 'limit') killGit(child)
    const code = await ended
    input.signal?.throwIfAborted()
    if (code > 1 && stopped === undefined) throw refused(stderr)
    yield { type: 'end', matches, ...(stopped && { stopped }) }
  } finally {
    clearTimeout(timer)
    input.signal?.removeEventListener('abort', gone)
    killGit(child)
  }
}

function pathspecs({ include = [], exclude = [] }: SearchInput): string[] {
  const globs = [
    ...include.map((glob) => ['glob', glob] as const),
    ...exclude.map((glob) => ['exclude,glob', glob] as const),
  ]
  return globs.map(([magic, glob]) => {
    if (glob.includes('\0') || glob === '' || glob.length > 500 || glob.startsWith('/'))
      throw new PlatformError('bad_request', `${JSON.stringify(glob.slice(0, 80))} is not a valid path pattern`, {
        field: 'include',
      })
    return `:(${magic})${glob.includes('/') ? glob : `**/${glob}`}`
  })
}

/** `tree:path NUL line NUL column NUL text`; in the text, matches are coloured. */
function parse(record: Buffer, skip: number): Extract<SearchEvent, { type: 'match' }> | undefined {
  const ends: number[] = []
  for (let at = 0; ends.length < 3;) {
    const nul = record.indexOf(0, at)
    if (nul < 0) return undefined
    ends.push(nul)
    at = nul + 1
  }
  const [path = 0, line = 0, column = 0] = ends
  const text = record.subarray(column + 1)
  const start = Number(record.toString('latin1', line + 1, column)) - 1
  const { match, after } = matchAt(text, start)
  const lead = text.toString('utf8', 0, start)
  const cut = Math.max(0, lead.length - before)
  // A line may be long: of what follows no more is made into a string than is shown.
  const rest = after
    .subarray(0, 4 * shown)
    .toString('utf8')
    .replaceAll(opens.toString(), '')
    .replaceAll(closes.toString(), '')
  return {
    type: 'match',
    path: record.toString('utf8', skip, path),
    line: Number(record.toString('latin1', path + 1, line)),
    column: lead.length + 1,
    preview: (lead.slice(cut) + match + rest).slice(0, shown).replace(/\r$/, ''),
    previewColumn: lead.length - cut + 1,
    length: Math.max(1, match.length),
  }
}

/** What is coloured at that place; a match of nothing is not, nor one that is beyond what is read of the line. */
function matchAt(text: Buffer, start: number): { match: string; after: Buffer } {
  const from = start + opens.length
  if (!text.subarray(start, from).equals(opens)) return { match: '', after: text.subarray(start) }
  const end = text.indexOf(closes, from)
  return end < 0
    ? { match: text.toString('utf8', from), after: text.subarray(text.length) }
    : { match: text.toString('utf8', from, end), after: text.subarray(end + closes.length) }
}

/** Lines, cut where they are longer than anyone reads. */
async function* lines(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let size = 0
  for await (const chunk of source) {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      if (size < maxLineBytes) held.push(chunk.subarray(start, end))
      yield Buffer.concat(held).subarray(0, maxLineBytes)
      held = []
      size = 0
      start = end + 1
    }
    if (size < maxLineBytes) held.push(chunk.subarray(start))
    size += chunk.length - start
  }
}

function refused(stderr: string): PlatformError {
  const why = /^fatal: (?:-e option, ')?(.*)/m.exec(stderr)?.[1] ?? 'git could not search'
  return new PlatformError('bad_request', `the search failed: ${why.slice(0, 200)}`, {
    field: 'query',
    fix: 'Correct the expression, or search for it as plain text.',
  })
}
