import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connect } from '#db/open.ts'
import { type Home, prepareHome } from '../home.ts'
import { type Identity, isGone, isRunning, signalTo } from '../identity.ts'
import { startPostgres } from './start.ts'

async function temporaryHome(): Promise<Home & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-postgres-'))
  const home = prepareHome(join(folder, 'home'))
  return {
    ...home,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  }
}

async function end(identity: Identity, signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
  signalTo(identity, signal)
  expect(await isGone(identity, 10_000)).toBe(true)
}

function client(home: Home) {
  return connect({ socketDir: join(home.path, 'pg'), user: 'm3o', database: 'postgres' }, 1)
}

test('what was committed is there after the server was killed, and nobody else may connect', async () => {
  await using home = await temporaryHome()
  const first = await startPostgres(home)
  const sql = client(home)
  await sql`create table kept (number int)`
  await sql`insert into kept values (42)`
  await end(first.identity, 'SIGKILL')
  await sql.end({ timeout: 1 }).catch(() => {})

  const second = await startPostgres(home)
  const again = client(home)
  expect(await again`select number from kept`).toEqual([{ number: 42 }])
  expect(await again`show fsync`).toEqual([{ fsync: 'on' }])
  await again.end({ timeout: 1 })
  await expect(async () => {
    const stranger = connect({ socketDir: join(home.path, 'pg'), user: 'postgres', database: 'postgres' }, 1)
    try {
      await stranger`select 1`
    } finally {
      await stranger.end({ timeout: 1 })
    }
  }).rejects.toThrow(/pg_hba/)
  expect(statSync(join(home.path, 'pg/data')).mode & 0o077).toBe(0)
  await end(second.identity)
})

test('a server that outlived whoever started it is adopted', async () => {
  await using home = await temporaryHome()
  const first = await startPostgres(home)
  const second = await startPostgres(home)
  expect(second.identity).toEqual(first.identity)
  expect(second.child).toBeUndefined()
  await end(first.identity)
})

test('a pid file that names an unrelated process does not keep it from starting, and is not removed by us', async () => {
  await using home = await temporaryHome()
  const first = await startPostgres(home)
  const path = join(home.path, 'pg/data/postmaster.pid')
  const lines = readFileSync(path, 'utf8').split('\n')
  await end(first.identity, 'SIGKILL')
  const stranger = spawn('sleep', ['60'])
  writeFileSync(path, [String(stranger.pid), ...lines.slice(1)].join('\n'))
  const second = await startPostgres(home)
  expect(second.identity.pid).not.toBe(stranger.pid)
  expect(stranger.exitCode).toBeNull()
  stranger.kill()
  await end(second.identity)
})

test('killed ten times in the middle of making its folder, it starts the next time', { timeout: 120_000 }, async () => {
  await using home = await temporaryHome()
  const script = join(import.meta.dirname, '../fixtures/start-postgres.ts')
  for (let round = 0; round < 10; round++) {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, home.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await untilFolder(
      join(home.path, 'pg'),
      (name) => name.startsWith('new-'),
      () => child.exitCode !== null,
    )
    if (existsSync(join(home.path, 'pg/data'))) break
    // From the first file to shortly before the end: a little later each round.
    await new Promise((resolve) => setTimeout(resolve, round * 60))
    for (const pid of [child.pid, ...descendants(child.pid)])
      if (pid !== undefined)
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          /* already gone */
        }
    await ended
  }
  const { identity } = await startPostgres(home)
  expect(isRunning(identity)).toBe(true)
  expect(readdirSync(join(home.path, 'pg')).filter((name) => name.startsWith('new-'))).toEqual([])
  await end(identity)
})

async function untilFolder(folder: string, matches: (name: string) => boolean, over: () => boolean): Promise<void> {
  while (!over() && !(existsSync(folder) && readdirSync(folder).some(matches)))
    await new Promise((resolve) => setTimeout(resolve, 2))
}

function descendants(pid: number | undefined): number[] {
  if (pid === undefined) return []
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter((text) => text !== '')
      .map(Number)
    return children.flatMap((child) => [child, ...descendants(child)])
  } catch {
    return []
  }
}
