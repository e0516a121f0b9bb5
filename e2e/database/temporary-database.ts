import { randomBytes } from 'node:crypto'
import { migrate } from '#db/migrate.ts'
import { connect, type ConnectionOptions } from '#db/open.ts'
import { startTestPostgres } from './server.ts'

export interface TemporaryDatabase extends AsyncDisposable {
  options: ConnectionOptions
  /** What a process of the platform needs in its environment to find it. */
  environment: Record<string, string>
}

/**
 * A database of one test's own, migrated unless `empty`: on the server of DATABASE_URL, on the one that vitest's setup
 * started, or, for a test that is run by itself, on a server of its own. Dropped at the end.
 */
export async function temporaryDatabase({ empty = false } = {}): Promise<TemporaryDatabase> {
  await using cleanup = new AsyncDisposableStack()
  const administration = await server(cleanup)
  const name = `test_${randomBytes(6).toString('hex')}`
  const admin = connect(administration, 1)
  cleanup.defer(() => admin.end({ timeout: 1 }))
  await admin`create database ${admin(name)}`
  cleanup.defer(async () => void (await admin`drop database if exists ${admin(name)} with (force)`))

  const options = named(administration, name)
  if (!empty) await migrate(options)
  const kept = cleanup.move()
  const environment: Record<string, string> =
    'url' in options
      ? { DATABASE_URL: options.url }
      : { M3O_DATABASE_SOCKET: options.socketDir, M3O_DATABASE_NAME: options.database, M3O_DATABASE_USER: options.user }
  return { options, environment, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

async function server(cleanup: AsyncDisposableStack): Promise<ConnectionOptions> {
  const url = process.env['DATABASE_URL']
  if (url) return { url }
  const shared = process.env['M3O_TEST_POSTGRES']
  if (shared) return { socketDir: shared, database: 'postgres', user: 'm3o' }
  const own = cleanup.use(await startTestPostgres())
  return { socketDir: own.socketFolder, database: 'postgres', user: 'm3o' }
}

function named(administration: ConnectionOptions, name: string): ConnectionOptions {
  if (!('url' in administration)) return { ...administration, database: name }
  const url = new URL(administration.url)
  url.pathname = `/${name}`
  return { url: url.href }
}
