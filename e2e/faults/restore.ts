import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { prepareHome } from '#cli/server/home.ts'
import { postgresProgram } from '#cli/server/postgres/program.ts'
import { Supervised } from '#cli/server/supervised.ts'
import { connect } from '#db/open.ts'
import { startOnHome } from '../platform/on-home.ts'
import { freePort } from '../platform/processes.ts'
import { checkout, node } from '../stack/stack.ts'
import { fault } from './fault.ts'
import { Ledger } from './kept/ledger.ts'

const workMs = 2_000
/** All that cannot be made again, except for what names this installation and what it witnessed. */
const folders = ['keys', 'source', 'data', 'builds', 'cache/modules']
const ownNames = new Set(['keys/installation', 'keys/audit-witness.json'])

export default fault({
  title:
    'm3o backup of a platform that works, m3o restore on an empty home: every table, every file, services run again',
  full: 1,
  async *run() {
    const folder = await mkdtemp(join(tmpdir(), 'm3o-restore-'))
    await using cleanup = new AsyncDisposableStack()
    cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
    const [home, other, living, still] = ['home', 'other', 'living.m3o', 'still.m3o'].map((name) =>
      join(folder, name),
    ) as [string, string, string, string]
    const gatewayPort = await freePort()
    const m3o = (at: string, ...args: string[]) =>
      promisify(execFile)(node, ['--disable-warning=ExperimentalWarning', 'cli/main.ts', ...args, '--json'], {
        cwd: checkout,
        env: { PATH: process.env.PATH, HOME: folder, M3O_HOME: at } as unknown as NodeJS.ProcessEnv,
      })
    const platform = await startOnHome(home, { gatewayPort })
    cleanup.defer(() => platform.stop())
    const as = await platform.found()
    const ledger = new Ledger(as)
    await ledger.begin(platform)
    const over = new AbortController()
    const working = ledger.work(platform, over.signal)
    await delay(workMs)
    // While all is being changed: what a restore of it gives must hold together, though it is none of the end.
    await m3o(home, 'backup', living)
    over.abort()
    await working
    await platform.stop()
    await m3o(home, 'backup', still)
    const tables = await digests(home)
    const files = await filesOf(home)

    await m3o(other, 'restore', still)
    const after = await digests(other)
    const differing = [...tables]
      .filter(([name, { digest }]) => after.get(name)?.digest !== digest)
      .map(([name]) => name)
    yield {
      what: 'every table is the same, and so is where each sequence stands',
      held: differing.length === 0 && after.size === tables.size,
      measured: `${tables.size} tables and sequences, ${[...tables.values()].filter(({ rows }) => rows > 0).length} of them not empty; not the same: ${differing.join(', ') || 'none'}`,
    }
    const restored = await filesOf(other)
    const lost = [...files].filter(([name, digest]) => restored.get(name) !== digest).map(([name]) => name)
    yield {
      what: 'every file is the same',
      held: lost.length === 0 && files.size > 0,
      measured: `${files.size} files of ${folders.join(', ')}; not the same: ${lost.slice(0, 5).join(', ') || 'none'}`,
    }
    // Nothing of where it was made may be needed.
    await rm(home, { recursive: true, force: true, maxRetries: 5 })
    const again = await startOnHome(other, { gatewayPort })
    cleanup.defer(() => again.stop())
    const missing = await ledger.missing(again, performance.now(), { logs: false })
    yield {
      what: 'services run again, with all that was acknowledged',
      held: missing.length === 0,
      measured: missing.join('; ') || `${ledger.acknowledged} changes`,
    }
    await again.stop()

    await m3o(other, 'restore', living, '--force')
    const earlier = await startOnHome(other, { gatewayPort })
    cleanup.defer(() => earlier.stop())
    const { broken } = await earlier.rpc.call('audit.verify', {})
    const answers = await earlier.acts(as).call('speaker')
    yield {
      what: 'one of a platform that was being changed holds together',
      held: broken === null && answers.status === 200,
      measured: `the audit is ${broken === null ? 'whole' : broken.why}; a service answers ${answers.status} ${answers.body}`,
    }
    await earlier.stop()
  },
})

async function digests(home: string): Promise<Map<string, { rows: number; digest: string }>> {
  const postgres = new Supervised(
    postgresProgram(prepareHome(home), () => {}),
    () => {},
  )
  await postgres.start()
  const sql = connect({ socketDir: join(home, 'pg'), database: 'm3o', user: 'm3o' }, 1)
  try {
    const found = new Map<string, { rows: number; digest: string }>()
    for (const { name } of await sql<
      { name: string }[]
    >`select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`) {
      const [row] = await sql<
        { rows: number; digest: string }[]
      >`select count(*)::int as rows, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as digest from ${sql(name)} t`
      if (row !== undefined) found.set(name, row)
    }
    for (const { name, last } of await sql<
      { name: string; last: string | null }[]
    >`select sequencename as name, last_value::text as last from pg_sequences where schemaname = 'public'`)
      found.set(`sequence ${name}`, { rows: last === null ? 0 : 1, digest: String(last) })
    return found
  } finally {
    await sql.end({ timeout: 1 })
    await postgres.stop(10_000)
  }
}

async function filesOf(home: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const folder of folders) {
    for (const entry of await readdir(join(home, folder), { recursive: true, withFileTypes: true }).catch(() => [])) {
      const path = join(entry.parentPath, entry.name)
      const name = path.slice(home.length + 1)
      if (entry.isFile() && !ownNames.has(name))
        found.set(
          name,
          createHash('sha256')
            .update(await readFile(path))
            .digest('hex'),
        )
    }
  }
  return found
}
