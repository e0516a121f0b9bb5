import { execFileSync } from 'node:child_process'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#contract/ids.ts'
import { connect } from '#db/open.ts'
import { temporaryDatabase } from '../../e2e/database/temporary-database.ts'
import { backup } from './backup.ts'
import { manifest } from './format.ts'
import { restore } from './restore.ts'

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', '-C', folder, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

let folder = ''
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'm3o-backup-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

/** An installation: a database, opened, and a home. */
async function installation(name: string) {
  const database = await temporaryDatabase()
  const sql = connect(database.options, 2)
  const home = join(folder, name)
  mkdirSync(join(home, 'keys'), { recursive: true })
  writeFileSync(join(home, 'keys/installation'), name)
  return {
    sql,
    home,
    options: database.options,
    [Symbol.asyncDispose]: async () => {
      await sql.end({ timeout: 1 })
      await database[Symbol.asyncDispose]()
    },
  }
}

async function inhabited(name: string) {
  const one = await installation(name)
  const userId = newId('user')
  await one.sql`insert into users (id, email, name, password_hash, created_at) values (${userId}, ${`${name}@example.com`}, ${"tab\t, line\n, quote ' and \\N"}, 'x', now())`
  const teamId = newId('team')
  await one.sql`insert into teams (id, name, created_at) values (${teamId}, 'demo', now())`
  await one.sql`insert into members (team_id, user_id, role, created_at) values (${teamId}, ${userId}, 'owner', now())`
  await one.sql`select setval(pg_get_serial_sequence('audit', 'seq'), 41)`
  writeFileSync(join(one.home, 'keys/secrets.key'), 'ab'.repeat(32), { mode: 0o600 })

  const repository = join(one.home, 'source/s_1.git')
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', repository])
  const work = join(folder, `${name}-work`)
  execFileSync('git', ['clone', '-q', repository, work], { stdio: 'ignore' })
  writeFileSync(join(work, 'index.ts'), 'export {}')
  git(work, 'add', '.')
  git(work, 'commit', '-qm', 'First')
  git(work, 'push', '-q', 'origin', 'HEAD:refs/heads/main', 'HEAD:refs/m3o/drafts/u_1')
  mkdirSync(join(one.home, 'data/s_1/e_1'), { recursive: true })
  writeFileSync(join(one.home, 'data/s_1/e_1/notes.bin'), Buffer.from([0, 255, 10]), { mode: 0o640 })
  symlinkSync('/etc/passwd', join(one.home, 'data/s_1/e_1/link'))
  return { ...one, head: git(work, 'rev-parse', 'HEAD') }
}

test('what was backed up is there again in another home and database, and goes on counting', async () => {
  await using from = await inhabited('first')
  await using to = await installation('second')
  const out = join(folder, 'first.m3o')
  const written = await backup({ sql: from.sql, home: from.home, out })
  expect(written).toMatchObject({ file: out, bytes: statSync(out).size })
  expect(statSync(out).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(from.home, 'cache'))).toEqual([])

  await restore({ sql: to.sql, options: to.options, home: to.home, from: out })
  for (const table of ['users', 'teams', 'members']) {
    const rows = (sql: typeof to.sql) => sql`select to_jsonb(t) as row from ${sql(table)} t`
    expect(await rows(to.sql)).toEqual(await rows(from.sql))
  }
  expect((await to.sql`select nextval(pg_get_serial_sequence('audit', 'seq'))::int as next`)[0]).toEqual({ next: 42 })
  // The tables hold together as before: a member of a team that is not there is refused.
  await expect(to.sql`update members set team_id = 'nobody'`).rejects.toThrow(/foreign key/)
  const repository = join(to.home, 'source/s_1.git')
  expect(git(repository, 'rev-parse', 'refs/m3o/drafts/u_1')).toBe(from.head)
  git(repository, 'fsck', '--strict')
  expect(readFileSync(join(to.home, 'data/s_1/e_1/notes.bin'))).toEqual(Buffer.from([0, 255, 10]))
  expect(statSync(join(to.home, 'data/s_1/e_1/notes.bin')).mode & 0o777).toBe(0o640)
  expect(readFileSync(join(to.home, 'keys/secrets.key'), 'utf8').trim()).toBe('ab'.repeat(32))
  expect(readFileSync(join(to.home, 'keys/installation'), 'utf8')).toBe('second')
  expect(readdirSync(to.home).filter((name) => name.startsWith('.restore'))).toEqual([])
})

test('an installation in use is replaced only when forced', async () => {
  await using from = await inhabited('third')
  await using to = await inhabited('fourth')
  const out = join(folder, 'third.m3o')
  await backup({ sql: from.sql, home: from.home, out })
  const into = { sql: to.sql, options: to.options, home: to.home, from: out }
  await expect(restore(into)).rejects.toMatchObject({ code: 'conflict' })
  expect(await to.sql`select email from users`).toEqual([{ email: 'fourth@example.com' }])
  await restore({ ...into, force: true })
  expect(await to.sql`select email from users`).toEqual([{ email: 'third@example.com' }])
})

test('a damaged, foreign, newer or hostile file changes nothing', async () => {
  await using from = await inhabited('fifth')
  await using to = await inhabited('sixth')
  const good = join(folder, 'fifth.m3o')
  await backup({ sql: from.sql, home: from.home, out: good })
  const cut = join(folder, 'cut.m3o')
  await pipeline(createReadStream(good), createWriteStream(cut))
  truncateSync(cut, statSync(cut).size - 100)
  writeFileSync(join(folder, 'text.m3o'), 'hello')
  const described = { format: 1, createdAt: '', version: '9.9.9', schema: 9_999_999_999_999, tables: [], sequences: [] }
  await archive('newer.m3o', { 'manifest.json': JSON.stringify(manifest.parse(described)) })
  await archive('hostile.m3o', { 'home/source/../../../escaped': 'x' })
  await archive('foreign.m3o', { 'home/run/parent.pid': '1' })
  for (const [name, message] of [
    ['cut', /damaged/],
    ['text', /damaged/],
    ['newer', /newer M3O \(9\.9\.9\)/],
    ['hostile', /not a backup/],
    ['foreign', /not a backup/],
    ['absent', /does not exist/],
  ] as const) {
    await expect(
      restore({ sql: to.sql, options: to.options, home: to.home, from: join(folder, `${name}.m3o`), force: true }),
    ).rejects.toThrow(message)
  }
  expect(await to.sql`select email from users`).toEqual([{ email: 'sixth@example.com' }])
  expect(existsSync(join(to.home, 'source/s_1.git'))).toBe(true)
  expect(existsSync(join(folder, 'escaped'))).toBe(false)
})

async function archive(name: string, entries: Record<string, string>): Promise<void> {
  const tar = pack()
  for (const [path, text] of Object.entries(entries)) tar.entry({ name: path }, text)
  tar.finalize()
  await pipeline(tar, createGzip(), createWriteStream(join(folder, name)))
}
