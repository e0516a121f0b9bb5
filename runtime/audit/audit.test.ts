import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { auditCsv } from '#contract/audit-text.ts'
import type { Actor } from '#contract/rpc.ts'
import { openDb } from '#db/open.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import { audited } from './audit.ts'
import { canonical } from './chain.ts'
import { readAudit } from './read.ts'
import { verifyAudit } from './verify.ts'
import { readWitness, witness, witnessFile } from './witness.ts'

const database = await temporaryDatabase()
const { db, sql } = openDb(database.options)
const home = await mkdtemp(join(tmpdir(), 'm3o-audit-'))
await mkdir(join(home, 'keys'))
const ann: Actor = { kind: 'person', id: 'u_ann', name: 'ann@example.com', sessionId: 'ss_1', from: '192.0.2.1' }
const robot: Actor = { kind: 'token', id: 'u_bob', name: 'bob@example.com', tokenId: 'tk_1', from: '192.0.2.2' }

afterAll(async () => {
  await sql.end({ timeout: 1 })
  await database[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

const write = (actor: Actor, action: string, more: object = {}) =>
  audited(db, actor, { teamId: 't_1', action, target: `service ${action}`, ...more }, () => Promise.resolve())

/** Ten rows that were witnessed half way and at the end. */
beforeEach(async () => {
  await rm(witnessFile(home), { force: true })
  await sql`truncate audit restart identity`
  await witness(db, home)
  for (let n = 1; n <= 5; n++)
    await write(ann, 'service.rename', {
      before: { zz: n, name: 'old', nested: { b: 1, a: [3, 1] } },
      after: { name: `new ${n}` },
    })
  await witness(db, home)
  for (let n = 6; n <= 10; n++) await write(robot, 'secret.read', { after: { names: ['KEY'] } })
  await witness(db, home)
})

test('rows that are written at once, in whatever words, stand one after the other in the chain', async () => {
  await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      write(n % 2 === 0 ? ann : robot, 'service.rename', {
        before: { n, text: "ü “\\ ' $1 % 😀 \n" },
        ...(n % 3 === 0 && { teamId: null, after: { n } }),
      }),
    ),
  )
  expect(await verifyAudit(db, home)).toMatchObject({ broken: null, rows: 70 })
})

const firstBroken = async () => (await verifyAudit(db, home)).broken?.seq ?? null

test('a chain that nobody touched is whole, also after it was read back by the database', async () => {
  expect(await verifyAudit(db, home)).toEqual({ rows: 10, verifiedTo: 10, broken: null })
})

test.each([
  ['what was done', () => sql`update audit set action = 'service.read' where seq = 4`, 4],
  ['who did it', () => sql`update audit set actor = jsonb_set(actor, '{name}', '"eve@example.com"') where seq = 7`, 7],
  ['from where', () => sql`update audit set actor = actor - 'from' where seq = 2`, 2],
  ['when', () => sql`update audit set at = at + interval '1 second' where seq = 9`, 9],
  ['what was there before', () => sql`update audit set before = '{"name": "another"}' where seq = 1`, 1],
  ['whose it is', () => sql`update audit set team_id = 't_2' where seq = 5`, 5],
] as const)('a row whose %s was altered is named', async (_what, tamper, seq) => {
  await tamper()
  expect(await firstBroken()).toBe(seq)
  expect((await verifyAudit(db, home)).verifiedTo).toBe(seq - 1)
})

test('a row that was taken out is noticed at the next one, and where the witness was at itself', async () => {
  await sql`delete from audit where seq = 3`
  expect(await firstBroken()).toBe(4)
})

test('two rows that changed places are noticed', async () => {
  await sql`update audit set seq = 100 where seq = 6`
  await sql`update audit set seq = 6 where seq = 7`
  await sql`update audit set seq = 7 where seq = 100`
  expect(await firstBroken()).toBe(6)
})

test('rows cut off at the end are noticed by what was witnessed', async () => {
  await sql`delete from audit where seq > 8`
  expect(await verifyAudit(db, home)).toEqual({
    rows: 8,
    verifiedTo: 8,
    broken: { seq: 10, at: null, why: 'the newest rows were removed' },
  })
})

test('a chain that was rewritten whole, hashes and all, is noticed by what was witnessed', async () => {
  const { chainHash } = await import('./chain.ts')
  const { auditRows } = await import('./witness.ts')
  await sql`update audit set target = 'service innocent' where seq = 2`
  let previous = ''
  for await (const row of auditRows(db)) {
    previous = chainHash(previous, row)
    await sql`update audit set hash = ${previous} where seq = ${row.seq}`
  }
  const { broken } = await verifyAudit(db, home)
  expect(broken?.why).toContain('rewritten')
  expect(broken?.seq).toBeLessThanOrEqual(10)
})

test('rows that are older than the witness are covered as a whole', async () => {
  await sql`update audit set hash = 'of an earlier form' where seq <= 6`
  await rm(witnessFile(home))
  await witness(db, home)
  await write(ann, 'team.rename')
  await witness(db, home)
  // The row after the last old one is chained to it.
  expect(await verifyAudit(db, home)).toEqual({ rows: 11, verifiedTo: 11, broken: null })
  await sql`update audit set target = 'service else' where seq = 3`
  expect(await firstBroken()).toBe(10)
})

test('a witness never writes down less than it knows, and keeps one mark a day', async () => {
  await sql`delete from audit where seq > 5`
  const before = await readWitness(home)
  await witness(db, home)
  expect(await readWitness(home)).toEqual(before)
  await sql`truncate audit restart identity`
  await rm(witnessFile(home))
  const start = Date.UTC(2026, 0, 1)
  for (let hour = 0; hour < 72; hour++) {
    await write(ann, 'team.rename')
    await witness(db, home, start + hour * 3_600_000)
  }
  expect((await readWitness(home))?.marks.length).toBeLessThan(9)
  expect(await firstBroken()).toBeNull()
  await writeFile(witnessFile(home), 'nonsense')
  await expect(verifyAudit(db, home)).rejects.toThrow()
})

test('it is found by who, what, to what and when; another team finds none of it', async () => {
  const find = async (filter: object, teamId: string | null = 't_1') =>
    (await readAudit(db, { teamId, before: null, limit: 100, ...filter })).map(({ seq }) => seq)
  expect(await find({ who: 'ANN@example.com' })).toEqual([5, 4, 3, 2, 1])
  expect(await find({ action: 'secret.read' })).toEqual([10, 9, 8, 7, 6])
  expect(await find({ action: 'secret.*' })).toHaveLength(5)
  expect(await find({ action: 'secr' })).toEqual([])
  expect(await find({ target: 'NEW 3' })).toEqual([3])
  expect(await find({ target: '%' })).toEqual([])
  const [newest] = await readAudit(db, { teamId: 't_1', before: null, limit: 1 })
  expect(newest?.actor).toEqual({
    kind: 'token',
    id: 'u_bob',
    name: 'bob@example.com',
    from: '192.0.2.2',
    by: { token: 'tk_1', name: null },
  })
  expect(await find({ since: (newest?.at ?? 0) + 1 })).toEqual([])
  expect(await find({ until: newest?.at })).toHaveLength(10)
  expect(await find({}, 't_2')).toEqual([])
  expect(await find({}, null)).toEqual([])
})

test('as a table, what a spreadsheet would run is text', async () => {
  await write({ ...ann, name: '=cmd|calc' }, 'team.rename', { target: 'a "b", c' })
  const [line = ''] = auditCsv(await readAudit(db, { teamId: 't_1', before: null, limit: 1 }), { header: false }).split(
    '\r\n',
  )
  expect(line).toMatch(/^11,[\dTZ:.-]+,'=cmd\|calc,person,192\.0\.2\.1,browser,team\.rename,"a ""b"", c",,$/)
})

test('one form, whatever the order', () => {
  expect(canonical({ b: [{ d: 1, c: null }], a: undefined })).toBe(canonical({ b: [{ c: null, d: 1 }] }))
})
