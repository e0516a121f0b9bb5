import { expect, test } from 'vitest'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import { until } from '#e2e/stack/until.ts'
import { connect } from './open.ts'
import { becomeSole } from './sole.ts'

test(
  'a database has one installation, also after its server has ended all connections',
  { timeout: 40_000 },
  async () => {
    await using database = await temporaryDatabase({ empty: true })
    const taken: Error[] = []
    const first = await becomeSole(database.options, (error) => void taken.push(error))
    const sql = connect(database.options, 1)
    const holders = async () =>
      (
        await sql<
          { pid: number }[]
        >`select pid from pg_locks where locktype = 'advisory' and objid = 4360362 and granted and database = (select oid from pg_database where datname = current_database())`
      ).map(({ pid }) => pid)
    const [before] = await holders()
    await sql`select pg_terminate_backend(${before ?? 0})`
    const after = await until('the lock is held again', async () => (await holders()).find((pid) => pid !== before))
    expect(after).toBeGreaterThan(0)
    await expect(becomeSole(database.options, () => {}, 100)).rejects.toThrow('another installation')
    expect(taken).toEqual([])
    await first[Symbol.asyncDispose]()
    const second = await becomeSole(database.options, () => {})
    await second[Symbol.asyncDispose]()
    await sql.end({ timeout: 1 })
  },
)
