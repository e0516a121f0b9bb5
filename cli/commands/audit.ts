import type { Command } from 'commander'
import colors from 'picocolors'
import type { AuditEntry } from '#contract/audit.ts'
import { auditCsv, auditNdjson, spokenBy } from '#contract/audit-text.ts'
import { PlatformError } from '#contract/errors.ts'
import { parseSince, wholeNumber } from '../input.ts'
import { oneOf } from '../misuse.ts'
import { fail, plain, show, table } from '../output.ts'
import type { Run } from '../run.ts'
import type { Session } from '../session.ts'

interface Options {
  n?: number
  who?: string
  action?: string
  target?: string
  since?: string
  until?: string
  format?: string
  verify?: boolean
}

const page = 500

export function addAuditCommand(program: Command, run: Run): void {
  program
    .command('audit')
    .description('show the audit log: who did what, when, from where, with which token')
    .option('-n <entries>', 'number of newest entries (100)', wholeNumber)
    .option('--who <email>')
    .option('--action <action>', 'action, such as secret.read, or every action of a noun: secret.*')
    .option('--target <text>', 'text to find in the target, or in the values before and after')
    .option('--since <time>', '10m, 2h, or a date')
    .option('--until <time>', 'date or duration, as for --since')
    .option('--format <format>', 'print all matching entries as csv or ndjson')
    .option('--verify', 'check that no entry was changed or removed')
    .action(
      run(async (session, options: Options) => {
        const team = await session.team()
        if (options.verify) return verify(session, team)
        if (options.format !== undefined)
          return write(session, team, options, oneOf('format', options.format, ['csv', 'ndjson'] as const))
        const entries: AuditEntry[] = []
        for await (const some of pages(session, team, options, options.n ?? 100)) entries.push(...some)
        show(session, entries, () =>
          table(
            ['when', 'who', 'from', 'by', 'did', 'to'],
            entries.map(({ at, actor, action, target }) => [
              new Date(at).toISOString().slice(0, 19).replace('T', ' '),
              actor.unconfirmed ? `${actor.name} (not confirmed)` : actor.name,
              actor.from ?? '–',
              spokenBy(actor.by) || actor.kind,
              action,
              target,
            ]),
          ),
        )
      }),
    )
}

async function* pages(
  session: Session,
  team: string,
  { who, action, target, since, until }: Options,
  most: number,
): AsyncGenerator<AuditEntry[]> {
  const filter = {
    ...(who !== undefined && { who }),
    ...(action !== undefined && { action }),
    ...(target !== undefined && { target }),
    ...(since !== undefined && { since: parseSince(since) }),
    ...(until !== undefined && { until: parseSince(until) }),
  }
  for (let before: number | null = null, left = most; left > 0;) {
    const some: AuditEntry[] = await session.api.audit.read.query({
      team,
      ...filter,
      before,
      limit: Math.min(page, left),
    })
    yield some
    left -= some.length
    const last = some.at(-1)
    if (last === undefined || some.length < Math.min(page, left + some.length)) return
    before = last.seq
  }
}

/** As it comes: a log of years is longer than memory. */
async function write(session: Session, team: string, options: Options, format: 'csv' | 'ndjson'): Promise<void> {
  let header = true
  for await (const some of pages(session, team, options, options.n ?? Infinity)) {
    process.stdout.write(format === 'csv' ? auditCsv(some, { header }) : auditNdjson(some))
    header = false
  }
}

async function verify(session: Session, team: string): Promise<number> {
  const check = await session.api.audit.verify.mutate({ team })
  if (check.broken === null) {
    show(session, check, `${colors.green('intact')}: all ${check.rows} entries are as they were written.`)
    return 0
  }
  const { seq, at, why } = check.broken
  const when = at === null ? '' : ` of ${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}`
  return fail(
    new PlatformError('conflict', `the audit log was tampered with at entry ${seq}${when}: ${plain(why)}`, {
      fix: 'Tell the operator. Earlier entries are intact; compare the rest with a backup.',
      data: { ...check },
    }),
    session,
    check,
  )
}
