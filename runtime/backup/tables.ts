import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PlatformError } from '#contract/errors.ts'
import type { Sql } from '#db/open.ts'
import type { Manifest } from './format.ts'

type Tables = Pick<Manifest, 'schema' | 'tables' | 'sequences'>

/** Writes every table to a file of its own, all as of one moment, with nobody kept waiting (a read-only snapshot). */
export async function copyOut(sql: Sql, folder: string): Promise<Tables> {
  return await sql.begin(async (snapshot) => {
    const [newest] = await snapshot<
      { when: string }[]
    >`select max(created_at) as "when" from drizzle.__drizzle_migrations`
    const columns = await snapshot<{ table: string; columns: string[] }[]>`
      select c.relname as "table", array_agg(a.attname::text order by a.attnum) as columns
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace group by c.relname order by c.relname`
    const sequences = await snapshot<{ name: string; last: string | null }[]>`
      select sequencename as name, last_value::text as last from pg_sequences where schemaname = 'public'`
    const tables = []
    for (const { table: name, columns: names } of columns) {
      const [count] = await snapshot<{ rows: number }[]>`select count(*)::int as rows from ${snapshot(name)}`
      const rows = snapshot.read`copy ${snapshot(name)} (${snapshot(names)}) to stdout`
      await pipeline(rows, createWriteStream(join(folder, name), { mode: 0o600 }))
      tables.push({ name, columns: names, rows: count?.rows ?? 0 })
    }
    return { schema: Number(newest?.when ?? 0), tables, sequences }
  }, 'isolation level repeatable read read only')
}

/** Fills empty tables of the same schema, all or nothing. */
export async function copyIn(sql: Sql, folder: string, { tables, sequences }: Tables): Promise<void> {
  await sql.begin(async (transaction) => {
    // Rows that refer to one another come in any order, so what keeps them right is taken off and put back, which checks it.
    const keys = await transaction<{ table: string; name: string; definition: string }[]>`
      select conrelid::regclass::text as "table", conname as name, pg_get_constraintdef(oid) as definition
      from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`
    for (const { table, name } of keys)
      await transaction`alter table ${transaction.raw(table)} drop constraint ${transaction(name)}`
    for (const { name, columns, rows } of tables) {
      if ((await stat(join(folder, name))).size > 0) {
        const into = transaction.write`copy ${transaction(name)} (${transaction(columns)}) from stdin`
        await pipeline(createReadStream(join(folder, name)), into)
      }
      const [count] = await transaction<{ rows: number }[]>`select count(*)::int as rows from ${transaction(name)}`
      if (count?.rows !== rows)
        throw new PlatformError(
          'bad_request',
          `the backup is damaged: ${name} should have ${rows} rows and has ${count?.rows ?? 0}`,
        )
    }
    for (const { table, name, definition } of keys)
      await transaction`alter table ${transaction.raw(table)} add constraint ${transaction(name)} ${transaction.raw(definition)}`
    for (const { name, last } of sequences)
      if (last !== null) await transaction`select setval(${name}::regclass, ${last}::bigint)`
  })
}
