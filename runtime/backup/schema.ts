import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drizzleOn, type Sql } from '#db/open.ts'

interface Journal {
  entries: { when: number; tag: string }[]
}

const migrations = fileURLToPath(new URL('../../db/migrations', import.meta.url))
const readJournal = async (): Promise<Journal> =>
  JSON.parse(await readFile(join(migrations, 'meta/_journal.json'), 'utf8')) as Journal

/** Whether this version has the migrations up to `schema`. */
export async function knowsSchema(schema: number): Promise<boolean> {
  return (await readJournal()).entries.some(({ when }) => when === schema)
}

/** True when a person is registered: then there is something to lose. */
export async function isInUse(sql: Sql): Promise<boolean> {
  const [users] = await sql<{ there: boolean }[]>`select to_regclass('public.users') is not null as there`
  if (!users?.there) return false
  const [found] = await sql<{ any: boolean }[]>`select exists (select from users) as any`
  return found?.any ?? false
}

/** Removes all that is ours, then makes the empty tables as they were at that migration. */
export async function recreateSchema(sql: Sql, schema: number): Promise<void> {
  const tables = await sql<
    { name: string }[]
  >`select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`
  for (const { name } of tables) await sql`drop table ${sql(name)} cascade`
  await sql`drop schema if exists drizzle cascade`

  const until = await mkdtemp(join(tmpdir(), 'm3o-migrations-'))
  try {
    await cp(migrations, until, { recursive: true })
    const journal = await readJournal()
    await writeFile(
      join(until, 'meta/_journal.json'),
      JSON.stringify({ ...journal, entries: journal.entries.filter(({ when }) => when <= schema) }),
    )
    await sql.use((connection) => migrate(drizzleOn(connection), { migrationsFolder: until }))
  } finally {
    await rm(until, { recursive: true, force: true })
  }
}
