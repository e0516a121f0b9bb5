import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareHome } from '#cli/server/home.ts'
import { isGone, signalTo } from '#cli/server/identity.ts'
import { startPostgres } from '#cli/server/postgres/start.ts'

/**
 * vitest's global setup: one Postgres for all test files, the embedded one, unless DATABASE_URL names another. Tests ask
 * for a database of their own on it (temporary-database.ts).
 */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['DATABASE_URL']) return undefined
  const server = await startTestPostgres()
  process.env['M3O_TEST_POSTGRES'] = server.socketFolder
  return async () => server[Symbol.asyncDispose]()
}

export async function startTestPostgres(): Promise<{ socketFolder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-test-postgres-'))
  const { identity, socketFolder } = await startPostgres(prepareHome(join(folder, 'home')))
  return {
    socketFolder,
    [Symbol.asyncDispose]: async () => {
      signalTo(identity, 'SIGINT')
      if (!(await isGone(identity, 5_000))) signalTo(identity, 'SIGKILL')
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
