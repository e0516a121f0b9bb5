import { type AddressInfo, createServer, type Socket } from 'node:net'
import { sql as part } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { outageOf } from '#contract/outage.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import { until } from '#e2e/stack/until.ts'
import { connect, openDb } from './open.ts'

const away = (error: unknown) => expect(outageOf(error)).toMatchObject({ code: 'unavailable' })
const failure = (work: PromiseLike<unknown>) =>
  Promise.resolve(work).then(
    () => {
      throw new Error('it succeeded')
    },
    (error: unknown) => error,
  )

/** Greets as a server does, and then answers nothing: what comes is given to `heard`. */
async function deafServer(heard: (socket: Socket, data: Buffer) => void) {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket
      .on('error', () => {})
      .once('data', () => {
        // AuthenticationOk, ReadyForQuery (idle): https://www.postgresql.org/docs/current/protocol-message-formats.html
        socket.write(Buffer.from('520000000800000000' + '5a0000000549', 'hex'))
        socket.on('data', (data) => heard(socket, data))
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    options: { url: `postgres://m3o@127.0.0.1:${(server.address() as AddressInfo).port}/m3o` },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Several may come at once: each is a Query, or ends with a Sync. */
function questionsIn(data: Buffer): number {
  let found = 0
  for (let at = 0; at < data.length; at += 1 + data.readInt32BE(at + 1))
    if ('QS'.includes(String.fromCharCode(data[at] ?? 0))) found += 1
  return found
}

test.each(['destroy', 'resetAndDestroy', 'end'] as const)(
  'a connection that ends (%s) at any moment of a transaction refuses it, and nothing is thrown beside it',
  async (how) => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => void unhandled.push(error)
    process.on('uncaughtException', note).on('unhandledRejection', note)
    let heard = 0
    for (const nth of [1, 2, 3]) {
      heard = 0
      await using server = await deafServer((socket, data) => {
        for (let left = questionsIn(data); left > 0; left--) {
          if (++heard === nth) return void socket[how]()
          // CommandComplete and ReadyForQuery (in a transaction), of `begin`.
          socket.write(Buffer.from('430000000a424547494e00' + '5a0000000554', 'hex'))
        }
      })
      await using opened = openDb(server.options, 1)
      for (let attempt = 0; attempt < 3; attempt++) {
        away(
          await failure(
            opened.db.transaction(async (tx) => {
              for (;;) {
                await tx.execute(part`select 1`)
                // What is written once the other side is gone, in the same turn and in later ones.
                await Promise.all([
                  tx.execute(part`select 2`),
                  new Promise((resolve) => setImmediate(resolve)).then(() => tx.execute(part`select 3`)),
                ])
              }
            }),
          ),
        )
        heard = 0
      }
    }
    await new Promise((resolve) => setImmediate(resolve))
    process.off('uncaughtException', note).off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  },
)

test('a transaction whose connection was lost never goes on in another, and its connection is free again', async () => {
  await using database = await temporaryDatabase({ empty: true })
  await using opened = openDb(database.options, 2)
  const { db, sql } = opened
  const other = connect(database.options, 1)
  await sql`create table kept (number int)`
  const lost = failure(
    db.transaction(async (tx) => {
      const {
        rows: [row],
      } = await tx.execute<{ pid: number }>(part`select pg_backend_pid() as pid`)
      await other`select pg_terminate_backend(${row?.pid})`
      await tx.execute(part`insert into kept values (1)`).catch(() => {})
      // Meanwhile its place is taken.
      await Promise.all(
        [1, 2, 3].map((number) => db.transaction((tx) => tx.execute(part`insert into kept values (${number * 10})`))),
      )
      await tx.execute(part`insert into kept values (2)`)
    }),
  )
  away(await lost)
  await Promise.all([1, 2, 3, 4].map(() => db.transaction((tx) => tx.execute(part`select 1`))))
  expect(await sql`select number from kept order by number`).toEqual([{ number: 10 }, { number: 20 }, { number: 30 }])
  await other.end({ timeout: 1 })
})

test('a server that was away is asked again by the next, on as many connections as before', async () => {
  await using database = await temporaryDatabase({ empty: true })
  await using opened = openDb(database.options, 3)
  const { db, sql } = opened
  const other = connect(database.options, 1)
  const slow = [1, 2, 3].map(() => failure(db.transaction((tx) => tx.execute(part`select pg_sleep(20)`))))
  const backends = () =>
    other<
      { pid: number }[]
    >`select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
  await until(
    'all three are asked',
    async () => (await other`select from pg_stat_activity where query like 'select pg_sleep%'`).length === 3,
  )
  for (const { pid } of await backends()) await other`select pg_terminate_backend(${pid})`
  for (const error of await Promise.all(slow)) away(error)
  const pids = new Set(
    (await Promise.all([1, 2, 3].map(() => sql<{ pid: number }[]>`select pg_backend_pid() as pid, pg_sleep(0.2)`))).map(
      ([row]) => row?.pid,
    ),
  )
  expect(pids.size).toBe(3)
  await other.end({ timeout: 1 })
})

test('what is asked at once in a transaction is sent at once, and a failure in it keeps nothing, also when it was passed over', async () => {
  await using database = await temporaryDatabase({ empty: true })
  await using opened = openDb(database.options, 1)
  const { db, sql } = opened
  await sql`create table kept (number int primary key)`
  const insert = (number: number) => part`insert into kept values (${number})`
  await db.transaction((tx) => Promise.all([1, 2, 3].map((number) => tx.execute(insert(number)))))
  expect(
    await failure(db.transaction((tx) => Promise.all([4, 1, 5].map((number) => tx.execute(insert(number)))))),
  ).toMatchObject({ cause: { code: '23505' } })
  await expect(
    db.transaction((tx) =>
      tx.execute(insert(1)).then(
        () => {},
        () => {},
      ),
    ),
  ).rejects.toMatchObject({ cause: { message: expect.stringMatching(/the transaction was rolled back/) } })
  await expect(
    sql.begin((transaction) =>
      transaction`insert into kept values (1)`.then(
        () => {},
        () => {},
      ),
    ),
  ).rejects.toThrow(/the transaction was rolled back/)
  expect(await sql`select number from kept order by number`).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }])
})

test('what is asked often is prepared, and a failure does not cost the connection', async () => {
  await using database = await temporaryDatabase({ empty: true })
  await using opened = openDb(database.options, 1)
  const { sql } = opened
  const pid = async () => (await sql<{ pid: number }[]>`select pg_backend_pid() as pid`)[0]?.pid
  const before = await pid()
  for (let n = 0; n < 4; n++) expect(await sql`select ${n}::int as number`).toEqual([{ number: n }])
  await expect(sql`select 1 / ${0}::int`).rejects.toThrow('division by zero')
  expect(await sql`select statement from pg_prepared_statements`).toEqual([{ statement: 'select $1::int as number' }])
  expect(await pid()).toBe(before)
})

test('closing waits for what is under way, then refuses whoever still asks or waits', async () => {
  await using database = await temporaryDatabase({ empty: true })
  const short = connect(database.options, 1)
  const answers = Promise.all([short`select pg_sleep(0.1)`, short`select 1 as one`])
  await short.end({ timeout: 5 })
  expect((await answers)[1]).toEqual([{ one: 1 }])
  away(await failure(short`select 1`))
  await using paused = await deafServer(
    (socket) => void socket.write(Buffer.from('430000000d53454c454354203100' + '5a0000000549', 'hex')),
  )
  const left = connect(paused.options, 1)
  await left`select 1`
  await left.end({ timeout: 0.1 })
  const long = connect(database.options, 1)
  const failures = [failure(long`select pg_sleep(20)`), failure(long`select 1`)]
  await long.end({ timeout: 0.2 })
  for (const error of await Promise.all(failures)) away(error)
})
