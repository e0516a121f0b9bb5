import { once } from 'node:events'
import type { Command } from 'commander'
import colors from 'picocolors'
import { isLogGap, logLevels } from '#contract/log-words.ts'
import { type LogEntry, logFilter, type LogFilter } from '#contract/logs.ts'
import { parseSince, wholeNumber } from '../input.ts'
import { follow } from '../live.ts'
import { Misuse, oneOf } from '../misuse.ts'
import type { Run } from '../run.ts'
import { coloured, plain } from '../output.ts'
import type { Session } from '../session.ts'

interface Options {
  follow?: boolean
  n?: string
  since?: string
  grep?: string
  level?: string
}

const usual = 100
const page = 5_000

export function addLogsCommand(program: Command, run: Run): void {
  program
    .command('logs [service...]')
    .description('show service logs, oldest first')
    .option('-f, --follow', 'stream new lines')
    .option('-n <lines>', 'number of newest lines')
    .option('--since <time>', '10m, 2h, or a date')
    .option('--grep <regex>', 'only lines that match')
    .option('--level <level>', 'this level and above')
    .action(
      run(async (session, services: string[], options: Options) => {
        const at = { ...(await session.place()), services }
        const filter = filterOf(options)
        const last = options.n !== undefined ? wholeNumber(options.n) : options.since !== undefined ? Infinity : usual
        if (options.follow && last <= page) return tail(session, at, filter, last)
        const seen = await readBack(session, at, filter, last)
        if (options.follow) await tail(session, at, filter, 0, seen)
      }),
    )
}

function filterOf({ grep, level, since }: Options): LogFilter {
  const parsed = logFilter.safeParse({
    ...(grep !== undefined && { match: [{ regex: grep }] }),
    ...(level !== undefined && { level: oneOf('level', level, logLevels) }),
    ...(since !== undefined && { since: parseSince(since) }),
  })
  if (parsed.success) return parsed.data
  throw new Misuse(
    `invalid pattern ${JSON.stringify(grep)}: ${parsed.error.issues[0]?.message ?? 'it is not a regular expression'}`,
    'Give a regular expression that fits one line.',
  )
}

type At = { team: string; environment: string; services: string[] }
type Seen = Record<string, number>

/** Pages back from the newest until there are enough, then prints them oldest first; gives the last seq of each log. */
async function readBack(session: Session, at: At, filter: LogFilter, last: number): Promise<Seen> {
  // As text outside the heap: millions of lines may be asked for.
  const pages: Buffer[] = []
  const seen: Seen = {}
  let left = last
  for (let cursor: string | undefined; left > 0;) {
    const got = await session.api.logs.read.query({
      ...at,
      ...filter,
      order: 'older',
      limit: Math.min(left, page),
      ...(cursor !== undefined && { cursor }),
    })
    pages.push(Buffer.from(got.entries.map((entry) => `${lineOf(session, entry, at, seen)}\n`).join('')))
    left -= got.entries.length
    if (got.cursor === null) break
    cursor = got.cursor
  }
  for (let text = pages.pop(); text !== undefined; text = pages.pop()) await write(text)
  return seen
}

async function tail(session: Session, at: At, filter: LogFilter, last: number, seen: Seen = {}): Promise<void> {
  const after = () => (Object.keys(seen).length > 0 ? { after: seen } : {})
  const entries = follow(session, 'logs', { ...at, filter, last, ...after() }, () => ({
    ...at,
    filter,
    last: 0,
    ...after(),
  }))
  // Not entries.return(): it waits for the next line, which may never come.
  process.once('SIGINT', () => process.exit(0))
  for await (const entry of entries) await write(`${lineOf(session, entry, at, seen)}\n`)
}

const paint = {
  trace: colors.dim,
  debug: colors.dim,
  info: String,
  warn: colors.yellow,
  error: colors.red,
  fatal: colors.red,
}

/** No faster than it is read. */
async function write(text: string | Buffer): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** Notes in `seen` how far it was read. */
function lineOf(session: Session, entry: LogEntry, at: At, seen: Seen): string {
  if (isLogGap(entry))
    return session.json
      ? JSON.stringify({ gap: entry.gap, why: entry.why })
      : colors.yellow(`– ${entry.gap} lines are missing: ${entry.why} –`)
  const log = `${entry.service}/${entry.environment}`
  seen[log] = Math.max(seen[log] ?? 0, entry.seq)
  if (session.json) return JSON.stringify(entry)
  const who = at.services.length === 1 ? '' : `${colors.cyan(entry.service)} `
  const text = entry.text
    .split('\n')
    .map((line) => coloured(line))
    .join('\n    ')
  const fields =
    entry.fields && Object.keys(entry.fields).length > 0 ? ` ${colors.dim(plain(JSON.stringify(entry.fields)))}` : ''
  return `${colors.dim(entry.time.slice(11, 23))} ${who}${paint[entry.level](text)}${fields}`
}
