import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { platformActor } from '#contract/rpc.ts'
import { openDb } from '#db/open.ts'
import { audit, deployments, environments, services, teams, variables } from '#db/schema.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import { newRow } from '../deployments/record.ts'
import { sealedVariables } from '../instances/plan.ts'
import { finishRotation, rotateKey } from './rotate.ts'
import { keyFile, keyName, openSeal, parseKeys, sealWith } from './seal.ts'
import { sealedName } from './variables.ts'

/** Real rows in a real database; the key lies in a folder of its own, as in a home. */
const many = 450
let home: string
let database: Awaited<ReturnType<typeof temporaryDatabase>>
let opened: ReturnType<typeof openDb>
const log = { info: () => {}, error: () => {} }
const valueOf = (name: string) => `the secret of ${name}`

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'm3o-keys-'))
  mkdirSync(join(home, 'keys'), { mode: 0o700 })
  writeFileSync(keyFile(home), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  database = await temporaryDatabase()
  opened = openDb(database.options, 3)
  const { db } = opened
  const now = Date.now()
  await db.insert(teams).values({ id: 't_1', name: 'crew', createdAt: now })
  await db
    .insert(services)
    .values({ id: 's_1', teamId: 't_1', name: 'hello', audience: { kind: 'team' }, createdAt: now })
  await db
    .insert(environments)
    .values({ id: 'e_1', teamId: 't_1', name: 'production', kind: 'production', createdAt: now })
  const seal = await openSeal(home)
  const rows = Array.from({ length: many }, (_, at) => ({ serviceId: 's_1', environmentId: 'e_1', name: `S_${at}` }))
  await db.insert(variables).values(
    rows.map((row) => ({
      ...row,
      secret: true,
      value: seal.seal(valueOf(row.name), sealedName(row)),
      byName: 'x',
      updatedAt: now,
    })),
  )
  await db.insert(variables).values([
    {
      serviceId: 's_1',
      environmentId: 'e_1',
      name: 'PLAIN',
      secret: false,
      value: 'v1.not.sealed.at.all',
      byName: 'x',
      updatedAt: now,
    },
    { serviceId: 's_1', environmentId: 'e_1', name: 'GONE', secret: true, value: null, byName: 'x', updatedAt: now },
  ])
  const place = {
    teamId: 't_1',
    serviceId: 's_1',
    environmentId: 'e_1',
    kind: 'deploy' as const,
    route: 'cli' as const,
    commit: 'c',
    message: '',
    byId: 'u',
    byName: 'x',
  }
  await db
    .insert(deployments)
    .values(
      Array.from({ length: 230 }, (_, at) =>
        newRow({ ...place, id: `d_${at}`, variables: seal.seal(valueOf(`d_${at}`), sealedVariables(`d_${at}`)) }),
      ),
    )
}, 30_000)

afterAll(async () => {
  await opened[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
  rmSync(home, { recursive: true })
})

const parts = async () => ({ db: opened.db, seal: await openSeal(home), settings: { home }, log })

/** With the keys on the disk, as a runtime that starts now has them; gives how many texts there are. */
async function allIsReadable(): Promise<number> {
  const seal = await openSeal(home)
  const rows = await opened.db.select().from(variables)
  for (const row of rows)
    if (row.secret && row.value !== null) expect(seal.open(row.value, sealedName(row))).toBe(valueOf(row.name))
  const old = await opened.db.select({ id: deployments.id, variables: deployments.variables }).from(deployments)
  for (const row of old) expect(seal.open(row.variables ?? '', sealedVariables(row.id))).toBe(valueOf(row.id))
  expect(rows.find(({ name }) => name === 'PLAIN')?.value).toBe('v1.not.sealed.at.all')
  return rows.length + old.length
}

/** In no column of any table, whoever made it, is anything left that is sealed with another key than this. */
async function nothingIsSealedOtherwise(prefix: string): Promise<void> {
  const { rows: columns } = await opened.db.execute<{ table_name: string; column_name: string }>(
    sql`select table_name, column_name from information_schema.columns where table_schema = 'public' and data_type in ('text', 'jsonb', 'json')`,
  )
  for (const { table_name: table, column_name: column } of columns) {
    const {
      rows: [found],
    } = await opened.db.execute<{ count: number }>(
      sql`select count(*)::int as count from ${sql.identifier(table)} where ${sql.identifier(column)}::text ~ '^"?v[12][.][A-Za-z0-9_-]{8,}[.]' and not ${sql.identifier(column)}::text like ${`${prefix.replaceAll('_', '\\_')}%`} and ${sql.identifier(column)}::text <> 'v1.not.sealed.at.all'`,
    )
    expect(`${table}.${column}: ${found?.count}`).toBe(`${table}.${column}: 0`)
  }
}

test('what the first version sealed is still opened, and another row’s text is not', () => {
  const key = Buffer.alloc(32, 1)
  const seal = sealWith(key)
  const [, , ...rest] = seal.seal('plain', 'a').split('.')
  expect(seal.open(['v1', ...rest].join('.'), 'a')).toBe('plain')
  expect(() => seal.open(seal.seal('plain', 'a'), 'b')).toThrow()
  expect(() => seal.open(sealWith(Buffer.alloc(32, 2)).seal('plain', 'a'), 'a')).toThrow('not there any more')
  expect(seal.seal('plain', 'a')).not.toContain(key.toString('base64url').slice(0, 8))
  expect(() => parseKeys('abc')).toThrow('32 bytes')
})

test('another key: everything is encrypted with the new key, the one before is gone, and it is written down', async () => {
  const at = await parts()
  const before = at.seal.keys[0] as Buffer
  const { key, sealed } = await rotateKey(at, platformActor, { waitMs: 0 })
  expect(sealed).toBe(many + 230)
  expect(key).not.toBe(keyName(before))
  await expect.poll(() => parseKeys(readFileSync(keyFile(home), 'utf8')).length).toBe(1)
  await expect.poll(() => at.seal.keys.length).toBe(1)
  expect(await allIsReadable()).toBe(many + 232)
  await nothingIsSealedOtherwise(at.seal.prefix)
  const [row] = await opened.db
    .select()
    .from(audit)
    .orderBy(sql`seq desc`)
    .limit(1)
  expect(row).toMatchObject({ action: 'platform.key', before: { key: keyName(before) }, after: { key, sealed } })
  expect(JSON.stringify(row)).not.toContain(before.toString('hex'))
})

test('what was sealed a moment before lands with the old key, is readable, and is sealed anew before that one goes', async () => {
  const at = await parts()
  const row = { serviceId: 's_1', environmentId: 'e_1', name: 'LATE' }
  const value = at.seal.seal(valueOf('LATE'), sealedName(row))
  await rotateKey(at, platformActor, { waitMs: 300 })
  await opened.db.insert(variables).values({ ...row, secret: true, value, byName: 'x', updatedAt: Date.now() })
  expect(at.seal.open(value, sealedName(row))).toBe(valueOf('LATE'))
  await expect(rotateKey(at, platformActor)).rejects.toMatchObject({ code: 'not_in_this_state' })
  await expect.poll(() => at.seal.keys.length).toBe(1)
  await allIsReadable()
  await nothingIsSealedOtherwise(at.seal.prefix)
})

test('what no key opens is named and stays as it is, and the change goes on to its end', async () => {
  const row = { serviceId: 's_1', environmentId: 'e_1', name: 'FOREIGN' }
  const value = sealWith(randomBytes(32)).seal('of another home', sealedName(row))
  await opened.db.insert(variables).values({ ...row, secret: true, value, byName: 'x', updatedAt: Date.now() })
  const at = await parts()
  const { unreadable } = await rotateKey(at, platformActor, { waitMs: 0 })
  expect(unreadable).toEqual(['secret FOREIGN of service s_1 in environment e_1'])
  await expect.poll(() => at.seal.keys.length).toBe(1)
  const foreign = and(eq(variables.serviceId, 's_1'), eq(variables.name, 'FOREIGN'))
  expect(await opened.db.select({ value: variables.value }).from(variables).where(foreign)).toEqual([{ value }])
  await opened.db.delete(variables).where(foreign)
  await allIsReadable()
  await nothingIsSealedOtherwise(at.seal.prefix)
})

const child = `
const [{ openDb }, { openSeal }, { rotateKey }, { platformActor }] = await Promise.all(['#db/open.ts', '#runtime/variables/seal.ts', '#runtime/variables/rotate.ts', '#contract/rpc.ts'].map((name) => import(name)))
const { home, options, step } = JSON.parse(process.env.GIVEN)
const { db } = openDb(options, 2)
const seal = await openSeal(home)
console.log('ready')
await rotateKey({ db, seal, settings: { home }, log: console }, platformActor, { waitMs: 0, at: (at) => { if (at === step) process.kill(process.pid, 'SIGKILL') } })
setTimeout(() => process.exit(0), 500)
`

test(
  'a runtime killed at any instant of it leaves all readable, and the next one goes on to the end',
  { timeout: 120_000 },
  async () => {
    for (const step of [
      'both keys stay',
      'everything is encrypted with the new key',
      'the transaction is done',
      30,
      120,
    ]) {
      const one = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', child],
        {
          env: {
            PATH: process.env.PATH,
            GIVEN: JSON.stringify({ home, options: database.options, step }),
          } as unknown as NodeJS.ProcessEnv,
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      const ended = once(one, 'close')
      await once(one.stdout, 'data')
      if (typeof step === 'number') await delay(step).then(() => one.kill('SIGKILL'))
      await ended
      await allIsReadable()
      const next = await parts()
      await finishRotation(next)
      expect(parseKeys(readFileSync(keyFile(home), 'utf8'))).toHaveLength(1)
      await allIsReadable()
      await nothingIsSealedOtherwise(next.seal.prefix)
    }
  },
)
