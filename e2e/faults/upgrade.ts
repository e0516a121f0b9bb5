import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
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
import { fault, type Finding } from './fault.ts'
import { Ledger } from './kept/ledger.ts'

/** The release before accounts with second factors and sharing: its database lacks two migrations of this one's. It still asks it by `postgres`. */
const previous = '28de4c5^1'
/** A table that a migration makes: there already, the migration fails. */
const planted = 'passkeys'
const workMs = 3_000

const run = promisify(execFile)

export default fault({
  title:
    'From the release before, with data in it: nothing is lost; a failed migration and a downgrade refuse and say how to go back',
  full: 1,
  async *run() {
    await using folder = await temporaryFolder()
    await using cleanup = new AsyncDisposableStack()
    const start = async (at: string, given: Parameters<typeof startOnHome>[1]) => {
      const platform = await startOnHome(at, given)
      cleanup.defer(() => platform.stop())
      return platform
    }
    const migration = (
      JSON.parse(await readFile(join(checkout, 'db/migrations/meta/_journal.json'), 'utf8')) as {
        entries: { tag: string }[]
      }
    ).entries.at(-1)?.tag
    const release = join(folder.path, 'previous')
    await checkOut(previous, release)
    const home = join(folder.path, 'home')
    const gatewayPort = await freePort()
    const before = await start(home, { gatewayPort, release })
    const as = await before.found()
    const ledger = new Ledger(as)
    await ledger.begin(before)
    const over = new AbortController()
    const working = ledger.work(before, over.signal)
    await delay(workMs)
    over.abort()
    await working
    await before.stop()
    const at = performance.now()

    const kept = join(home, 'backups', `before-${migration}.m3o`)
    await changeDatabase(home, (sql) => sql`create table ${sql(planted)} (id int)`)
    yield* refuses('a migration that fails', home, [
      /could not be migrated to this version/,
      /Nothing was changed/,
      /start the previous version/i,
      new RegExp(kept),
    ])
    await changeDatabase(home, (sql) => sql`drop table ${sql(planted)}`)
    const again = await start(home, { gatewayPort, release })
    yield nothingMissing('the release before starts again, and has all', await ledger.missing(again, at), ledger)
    await again.stop()

    const after = await start(home, { gatewayPort })
    yield nothingMissing('this release has all of it', await ledger.missing(after, at), ledger)
    yield { what: 'a backup was made before', held: existsSync(kept), measured: kept }
    await after.stop()

    const downgrade = await startOnHome(home, { gatewayPort, release }).then(
      () => 'it started',
      (error: unknown) => String(error),
    )
    yield {
      what: 'the release before refuses the newer data',
      held: /newer version of M3O/.test(downgrade),
      measured: downgrade,
    }
    await changeDatabase(
      home,
      (sql) => sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('newer', ${Date.now() + 1e10})`,
    )
    yield* refuses('this release before data of a newer one', home, [
      /newer version of M3O/,
      /m3o restore/,
      new RegExp(kept),
    ])
    await run(node, ['--disable-warning=ExperimentalWarning', 'cli/main.ts', 'restore', kept, '--force', '--json'], {
      cwd: checkout,
      env: { PATH: process.env.PATH, M3O_HOME: home, HOME: folder.path } as unknown as NodeJS.ProcessEnv,
    })
    const back = await start(home, { gatewayPort })
    yield nothingMissing(
      'the backup leads back, over newer data too',
      await ledger.missing(back, at, { logs: false }),
      ledger,
    )
    await back.stop()
  },
})

async function* refuses(what: string, home: string, words: readonly RegExp[]): AsyncIterable<Finding> {
  const said = await startOnHome(home, { gatewayPort: await freePort() }).then(
    async (platform) => (await platform.stop(), 'it started'),
    (error: unknown) => String(error),
  )
  yield {
    what: `${what}: refuses, and says how to go back`,
    held: words.every((word) => word.test(said)),
    measured: said,
  }
}

const nothingMissing = (what: string, missing: string[], ledger: Ledger): Finding => ({
  what,
  held: missing.length === 0 && ledger.acknowledged > 0,
  measured: missing.length === 0 ? `${ledger.acknowledged} changes` : missing.slice(0, 8).join('; '),
})

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'm3o-upgrade-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** @throws when this checkout's history does not reach so far */
async function checkOut(commit: string, into: string): Promise<void> {
  await mkdir(into)
  const archive = join(into, '.archive.tar')
  await run('git', ['-C', checkout, 'archive', '--output', archive, commit])
  await run('tar', ['-xf', archive, '-C', into])
  await rm(archive)
  await symlink(join(checkout, 'node_modules'), join(into, 'node_modules'))
}

async function changeDatabase(
  home: string,
  change: (sql: ReturnType<typeof connect>) => Promise<unknown>,
): Promise<void> {
  const postgres = new Supervised(
    postgresProgram(prepareHome(home), () => {}),
    () => {},
  )
  await postgres.start()
  const sql = connect({ socketDir: join(home, 'pg'), database: 'm3o', user: 'm3o' }, 1)
  try {
    await change(sql)
  } finally {
    await sql.end({ timeout: 1 })
    await postgres.stop(10_000)
  }
}
