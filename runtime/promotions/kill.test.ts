import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { platformActor } from '#contract/rpc.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

let platform: TestPlatform
/** Any number that nothing else locks. */
const gate = 4711

beforeAll(async () => {
  platform = await startPlatform()
  await platform.db.execute(sql`create table stopped_at (what text)`)
  await platform.db.execute(
    sql.raw(`create function stop_here() returns trigger language plpgsql as $$ begin
    if exists (select 1 from stopped_at where what = tg_table_name || ' ' || coalesce(to_jsonb(new) ->> 'state', to_jsonb(old) ->> 'wanted', '') || case when to_jsonb(new) ->> 'ended_at' is null then '' else ' ended' end)
    then perform pg_advisory_xact_lock(${gate}); end if;
    return coalesce(new, old);
  end $$`),
  )
  for (const [table, when] of [
    ['promotions', 'insert or update'],
    ['deployments', 'insert or update'],
    ['releases', 'delete'],
  ]) {
    await platform.db.execute(
      sql.raw(`create trigger stop_here after ${when} on ${table} for each row execute function stop_here()`),
    )
  }
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

async function until<T>(what: () => Promise<T | undefined | false>): Promise<T> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(10)) {
    const found = await what()
    if (found) return found
  }
  throw new Error('it never came true')
}

/** Kills the runtime at the moment at which it is about to record `what`, and starts it again. */
async function killAt(what: string, begin: () => Promise<unknown>): Promise<void> {
  await platform.db.execute(sql`insert into stopped_at values (${what})`)
  await platform.db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${gate})`)
    void begin().catch(() => {})
    const waiting = async () => {
      const {
        rows: [row],
      } = await tx.execute<{ pid: number }>(
        sql`select pid from pg_locks where locktype = 'advisory' and objid = ${gate} and not granted limit 1`,
      )
      return row?.pid
    }
    await until(waiting)
    await platform.runtime.kill()
    // Its connections would wait on, and hold what they have locked.
    for (let pid = await waiting(); pid !== undefined; pid = await waiting())
      await tx.execute(sql`select pg_terminate_backend(${pid})`)
    await tx.execute(sql`delete from stopped_at`)
  })
  await platform.runtime.killAndStartAgain()
}

const actor = () => ({ actor: { ...platformActor, id: platform.userId, name: 'Ann' } })
const body = async (service: string, headers: Record<string, string> = {}) =>
  (await platform.call(service, headers)).body
const instancesIn = async (environmentId: string) =>
  (
    await Promise.all(
      ['one', 'two'].map(async (service) => {
        const { serviceId } = await platform.rpc.call('access.resolve', { userId: null, team: 'crew', service })
        return (await platform.rpc.call('services.get', { serviceId: serviceId ?? '', environmentId })).instances.length
      }),
    )
  ).reduce((sum, count) => sum + count)

async function begun() {
  return until(
    async () =>
      (
        await platform.rpc
          .call('promotions.list', { teamId: platform.teamId, environmentId: null, before: null, limit: 1 })
          .catch(() => [])
      )[0],
  )
}

const steps = [
  'deployments building',
  'deployments starting',
  'deployments checking',
  'promotions switching',
  'deployments switching',
  'releases live',
  'promotions live',
  'deployments live ended',
  'promotions live ended',
]

test('killed before it is recorded, nothing has begun', async () => {
  const alice = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'nobody',
    parentId: null,
    ownerId: platform.userId,
  })
  await platform.deploy('one', answering('one'), alice.id)
  await killAt('promotions preparing', () =>
    platform.rpc.call(
      'promotions.start',
      { environmentId: alice.id, serviceIds: null, generation: null, route: 'cli' },
      actor(),
    ),
  )
  expect(
    await platform.rpc.call('promotions.list', {
      teamId: platform.teamId,
      environmentId: null,
      before: null,
      limit: 10,
    }),
  ).toEqual([])
  expect((await platform.call('one')).status).toBe(404)
}, 60_000)

test.each(steps)(
  'killed at “%s”, a promotion carries on to its end, with one live copy of each and no mixture',
  async (step) => {
    const round = steps.indexOf(step)
    const alice = await platform.rpc.call('environments.create', {
      teamId: platform.teamId,
      name: `e${round}`,
      parentId: null,
      ownerId: platform.userId,
    })
    const inAlice = { 'm3o-environment': alice.name }
    for (const service of ['one', 'two']) {
      await platform.deploy(service, answering(`${service} before ${round}`))
      await platform.deploy(service, answering(`${service} after ${round}`), alice.id)
    }
    await killAt(step, () =>
      platform.rpc.call(
        'promotions.start',
        { environmentId: alice.id, serviceIds: null, generation: null, route: 'cli' },
        actor(),
      ),
    )
    const { id } = await begun()
    const ended = await until(async () => {
      const now = await platform.rpc.call('promotions.get', { promotionId: id }).catch(() => undefined)
      return now?.endedAt != null && now
    })
    expect(ended).toMatchObject({ state: 'live', error: null, from: alice.name })
    expect(await Promise.all([body('one'), body('two'), body('one', inAlice), body('two', inAlice)])).toEqual([
      `one after ${round}`,
      `two after ${round}`,
      `one after ${round}`,
      `two after ${round}`,
    ])
    expect(
      (await platform.rpc.call('environments.list', { teamId: platform.teamId })).find(
        ({ name }) => name === alice.name,
      )?.overrides,
    ).toEqual([])
    await until(async () => (await instancesIn(platform.production)) <= 4)
    // What is inherited has no branch of its own, so who edits next begins at what serves.
    const { serviceId } = await platform.rpc.call('access.resolve', { userId: null, team: 'crew', service: 'one' })
    const [head] = await platform.rpc.call('source.history', {
      serviceId: serviceId ?? '',
      environmentId: alice.id,
      before: null,
      limit: 1,
    })
    expect(head?.commit).toBe(ended.services[0]?.commit)
  },
  90_000,
)

test('killed while it is taken back, it is taken back all the same', async () => {
  const alice = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'back',
    parentId: null,
    ownerId: platform.userId,
  })
  for (const service of ['one', 'two']) {
    await platform.deploy(service, answering(`${service} before`))
    await platform.deploy(service, answering(`${service} after`), alice.id)
  }
  const { promotionId } = await platform.rpc.call(
    'promotions.start',
    { environmentId: alice.id, serviceIds: null, generation: null, route: 'cli' },
    actor(),
  )
  const isEnded = (id: string) =>
    until(
      async () =>
        (await platform.rpc.call('promotions.get', { promotionId: id }).catch(() => undefined))?.endedAt != null,
    )
  await isEnded(promotionId)
  expect(await body('one')).toBe('one after')
  await killAt('promotions live', () => platform.rpc.call('promotions.undo', { promotionId, route: 'cli' }, actor()))
  await isEnded((await begun()).id)
  expect(await Promise.all([body('one'), body('two')])).toEqual(['one before', 'two before'])
  expect(await body('two', { 'm3o-environment': 'back' })).toBe('two after')
}, 90_000)
