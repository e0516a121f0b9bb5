import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, isNull } from 'drizzle-orm'
import pino from 'pino'
import { expect, test } from 'vitest'
import { idleLifeMs, undoMs } from '#contract/environment-life.ts'
import { gatewayApi } from '#contract/gateway-api.ts'
import { platformActor } from '#contract/rpc.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { openDb } from '#db/open.ts'
import { environments, services, teams, users, variables } from '#db/schema.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import { Events } from '../events/events.ts'
import { openLogs } from '../logs/logs.ts'
import { Routing } from '../routing/routing.ts'
import { openSource } from '../source/source.ts'
import type { Going } from './departure.ts'
import { Life } from './life.ts'

const hour = 3_600_000
const begin = Date.now()

/** A clock that stands until it is moved, and then runs what was due on the way. */
class Clock {
  time = begin
  readonly timers = new Set<{ at: number; run: () => void }>()
  readonly now = () => this.time
  readonly at = (ms: number, run: () => void) => {
    const timer = { at: this.time + ms, run }
    this.timers.add(timer)
    return () => void this.timers.delete(timer)
  }

  /** Runs what is due until nothing is any more. */
  async to(time: number, life: Life): Promise<void> {
    for (;;) {
      const next = [...this.timers].filter((timer) => timer.at <= time).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.timers.delete(next)
      this.time = Math.max(this.time, next.at)
      next.run()
      await life.settled()
    }
    this.time = time
  }
}

/** Database, source, logs and routes as they are; of what runs, only what is asked of it is noted. */
async function begun() {
  await using cleanup = new AsyncDisposableStack()
  const database = cleanup.use(await temporaryDatabase())
  const home = await mkdtemp(join(tmpdir(), 'm3o-life-'))
  cleanup.defer(() => rm(home, { recursive: true, force: true }))
  const { db } = cleanup.use(openDb(database.options, 3))
  const gateway = createRpcClient(gatewayApi, join(home, 'nobody.sock'))
  cleanup.defer(() => gateway.close())
  const log = pino({ level: 'silent' })
  const logs = await openLogs({ dir: join(home, 'logs') })
  cleanup.defer(() => logs.close())
  const source = openSource({ home })
  cleanup.defer(async () => void (await source.close()))
  const asked: string[] = []
  const platform = {
    db,
    log,
    logs,
    source,
    events: new Events(),
    routing: new Routing(db, gateway, log),
    settings: { home },
    laptops: { in: () => [] },
    places: {
      suspend: async (id: string) => void asked.push(`suspend ${id}`),
      resume: async (id: string) => void asked.push(`resume ${id}`),
    },
    deployments: { endIn: async (id: string) => void asked.push(`end ${id}`) },
  } as unknown as Going
  await db.insert(users).values({ id: 'u_ann', email: 'ann@example.com', name: 'Ann', createdAt: begin })
  await db.insert(teams).values({ id: 't_crew', name: 'crew', createdAt: begin })
  await db
    .insert(environments)
    .values({ id: 'e_production', teamId: 't_crew', name: 'production', kind: 'production', createdAt: begin })
  await db
    .insert(services)
    .values({ id: 's_hello', teamId: 't_crew', name: 'hello', audience: { kind: 'team' }, createdAt: begin })
  await source.repositories.create({
    serviceId: 's_hello',
    files: [{ path: 'index.ts', content: 'main\n' }],
    author: { name: 'Ann', email: 'ann@example.com' },
  })
  await platform.routing.load()
  const clock = new Clock()
  const start = async () => {
    const life = new Life(platform, clock)
    await life.load()
    await life.settled()
    return life
  }
  const life = await start()
  const kept = cleanup.move()
  return {
    platform,
    clock,
    life,
    home,
    asked,
    start,
    db,
    source,
    create: (name: string, parentId: string | null = null, kind: 'personal' | 'shared' | 'preview' = 'personal') =>
      life.create(platformActor, { teamId: 't_crew', name, parentId, kind, ownerId: 'u_ann' }),
    living: async () =>
      (await db.select({ name: environments.name }).from(environments).where(isNull(environments.deletedAt)))
        .map(({ name }) => name)
        .sort(),
    row: async (id: string) => (await db.select().from(environments).where(eq(environments.id, id)))[0],
    gone: (id: string) => platform.routing.table.environments[id],
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

test('what nobody uses for 72 hours expires: routes first, then what runs; after a day it is purged', async () => {
  await using at = await begun()
  const { id } = await at.create('alice')
  const shared = await at.create('staging', null, 'shared')
  await at.clock.to(begin + idleLifeMs - hour, at.life)
  expect(await at.living()).toEqual(['alice', 'production', 'staging'])
  await at.clock.to(begin + idleLifeMs + hour, at.life)
  expect(await at.living()).toEqual(['production', 'staging'])
  expect(at.asked).toEqual([`end ${id}`, `suspend ${id}`])
  expect(at.gone(id)).toMatchObject({
    gone: 'the environment alice expired: it was not used for 72 hours',
    goneBy: 'expired',
  })
  expect(await at.life.departed('t_crew')).toMatchObject([
    { id, name: 'alice', expired: true, parent: 'production', owner: { name: 'Ann' } },
  ])
  expect(shared.expires).toBeNull()
  await at.clock.to(begin + idleLifeMs + undoMs + 2 * hour, at.life)
  expect(await at.life.departed('t_crew')).toEqual([])
  expect(await at.row(id)).toMatchObject({ expired: true, expiresAt: null })
  expect([...at.clock.timers]).toEqual([]) // nothing is waited for when nothing is due
})

test('calls, edits, deployments and being kept put it off, as they do for its parents; what is written down survives', async () => {
  await using at = await begun()
  const alice = await at.create('alice')
  const bob = await at.create('bob', alice.id)
  const lonely = await at.create('lonely')
  await at.clock.to(begin + 40 * hour, at.life)
  at.life.noteCalls([
    {
      serviceId: 's_hello',
      environmentId: bob.id,
      caller: 'person',
      requests: 1,
      errors: 0,
      limited: 0,
      endpoints: {},
      latency: [],
      busyMs: 0,
      inFlight: 0,
      totalMs: 0,
      lastAt: at.clock.time,
    },
  ])
  const shown = await at.life.list('t_crew')
  for (const name of ['alice', 'bob'])
    expect(shown.find((one) => one.name === name)).toMatchObject({
      usedAt: begin + 40 * hour,
      expires: begin + 40 * hour + idleLifeMs,
    })
  await at.clock.to(begin + idleLifeMs + hour, at.life)
  expect(await at.living()).toEqual(['alice', 'bob', 'production'])
  at.platform.events.emit({
    type: 'draft',
    teamId: 't_crew',
    serviceId: 's_hello',
    userId: 'u_ann',
    environmentId: alice.id,
    path: 'index.ts',
    by: 'ann',
  })
  expect((await at.life.list('t_crew')).find(({ name }) => name === 'alice')?.editing).toEqual([
    { by: 'ann', service: 'hello', at: at.clock.time },
  ])
  await at.clock.to(begin + 40 * hour + idleLifeMs + hour, at.life)
  expect((await at.life.list('t_crew')).find(({ name }) => name === 'alice')?.editing).toEqual([])
  expect(await at.living()).toEqual(['alice', 'production'])
  await at.life.keep(platformActor, alice.id)
  await at.life.close()
  // Another run of the runtime knows it from the database alone.
  const again = await at.start()
  await at.clock.to(at.clock.time + idleLifeMs - hour, again)
  expect(await at.living()).toEqual(['alice', 'production'])
  await at.clock.to(at.clock.time + 2 * hour, again)
  expect(await at.living()).toEqual(['production'])
  await expect(again.keep(platformActor, 'e_production')).rejects.toMatchObject({
    code: 'bad_request',
    message: 'production never expires',
  })
  await expect(again.keep(platformActor, lonely.id)).rejects.toMatchObject({ code: 'environment_gone' })
})

test('a parent lives for as long as something stems from it, and is not deleted before', async () => {
  await using at = await begun()
  const alice = await at.create('alice')
  await at.create('staging', alice.id, 'shared')
  await at.create('demo', alice.id, 'shared')
  await at.clock.to(begin + 3 * idleLifeMs, at.life)
  expect(await at.living()).toEqual(['alice', 'demo', 'production', 'staging'])
  await expect(at.life.delete(platformActor, alice.id)).rejects.toMatchObject({
    code: 'conflict',
    message: 'alice is the parent of demo, staging',
    data: { children: ['demo', 'staging'] },
  })
  await expect(at.life.delete(platformActor, 'e_production')).rejects.toMatchObject({ code: 'bad_request' })
})

test('both children and parents whose time is over go in one go', async () => {
  await using at = await begun()
  const alice = await at.create('alice')
  const bob = await at.create('bob', alice.id)
  await at.create('carol', bob.id)
  await at.clock.to(begin + idleLifeMs + hour, at.life)
  expect(await at.living()).toEqual(['production'])
  // They come back from the top.
  await expect(at.life.restore(platformActor, bob.id)).rejects.toMatchObject({
    code: 'conflict',
    message: 'its parent alice was deleted too',
  })
  await at.life.restore(platformActor, alice.id)
  expect(await at.life.restore(platformActor, bob.id)).toMatchObject({
    name: 'bob',
    parent: 'alice',
    expires: at.clock.time + idleLifeMs,
  })
})

test('it comes back for a day, with its branch; not beside another one of its name', async () => {
  await using at = await begun()
  const branches = async () => (await at.source.branches.list({ serviceId: 's_hello' })).map(({ branch }) => branch)
  const { commit } = await at.source.branches.head({ serviceId: 's_hello', branches: ['main'] })
  const alice = await at.create('alice')
  await at.source.branches.advance({ serviceId: 's_hello', branch: 'alice', to: commit, expected: undefined })
  await at.life.delete(platformActor, alice.id)
  expect(await branches()).toEqual(['main'])
  const second = await at.create('alice')
  await expect(at.life.restore(platformActor, alice.id)).rejects.toMatchObject({ code: 'name_taken' })
  await at.life.delete(platformActor, second.id)
  at.clock.time += 23 * hour
  const back = await at.life.restore(platformActor, alice.id)
  expect(back).toMatchObject({ id: alice.id, expires: at.clock.time + idleLifeMs })
  expect(await branches()).toEqual(['alice', 'main'])
  expect(at.gone(alice.id)?.gone).toBeNull()
  expect(at.asked.at(-1)).toBe(`resume ${alice.id}`)
  await expect(at.life.restore(platformActor, alice.id)).rejects.toMatchObject({ code: 'not_in_this_state' })
  await at.clock.to(at.clock.time + 2 * hour, at.life)
  await expect(at.life.restore(platformActor, second.id)).rejects.toMatchObject({
    code: 'environment_gone',
    message: 'alice was deleted more than a day ago and cannot be restored',
  })
})

test('a purge leaves nothing of it but its name, also when it was killed before', async () => {
  await using at = await begun()
  const { commit } = await at.source.branches.head({ serviceId: 's_hello', branches: ['main'] })
  const alice = await at.create('alice')
  await at.source.branches.advance({ serviceId: 's_hello', branch: 'alice', to: commit, expected: undefined })
  await at.source.drafts.saveFile({
    serviceId: 's_hello',
    userId: 'u_ann',
    environment: alice.id,
    branches: ['alice', 'main'],
    path: 'new.ts',
    content: 'draft\n',
    expectedHash: null,
  })
  for (const environmentId of [alice.id, 'e_production']) {
    await at.db.insert(variables).values({
      serviceId: 's_hello',
      environmentId,
      name: 'A',
      secret: false,
      value: '1',
      byName: 'ann',
      updatedAt: begin,
    })
    await mkdir(join(at.home, 'data/s_hello', environmentId), { recursive: true })
    await writeFile(join(at.home, 'data/s_hello', environmentId, 'kept'), 'x')
    await at.platform.logs.append({ serviceId: 's_hello', environmentId }, { stream: 'platform', text: 'line' })
  }
  await at.life.delete(platformActor, alice.id)
  expect(await readdir(join(at.home, 'data/s_hello'))).toContain(alice.id)
  // A first attempt ends in its middle.
  const { logs } = at.platform
  const broken = { ...logs, delete: () => Promise.reject(new Error('killed')) }
  Object.assign(at.platform, { logs: broken })
  await at.clock.to(begin + undoMs + 1, at.life)
  expect((await at.row(alice.id))?.expiresAt).not.toBeNull()
  await at.life.close()
  Object.assign(at.platform, { logs })
  const again = await at.start()
  await at.clock.to(at.clock.time + 1, again)
  expect(await at.row(alice.id)).toMatchObject({ expiresAt: null, name: 'alice' })
  expect(await readdir(join(at.home, 'data/s_hello'))).toEqual(['e_production'])
  expect(await readdir(join(at.home, 'logs/s_hello'))).toEqual(['e_production'])
  expect((await at.db.select().from(variables)).map(({ environmentId }) => environmentId)).toEqual(['e_production'])
  expect(await at.source.drafts.list({ serviceId: 's_hello' })).toEqual([])
  expect((await at.source.branches.list({ serviceId: 's_hello' })).map(({ branch }) => branch)).toEqual(['main'])
  await again.close()
})

test('it moves with all that stems from it, never under itself, and its generation only grows', async () => {
  await using at = await begun()
  const [alice, bob] = [await at.create('alice'), await at.create('bob')]
  const under = await at.create('under', alice.id)
  await at.db.update(environments).set({ generation: 40 }).where(eq(environments.id, 'e_production'))
  expect(await at.life.move(platformActor, { environmentId: alice.id, parentId: bob.id })).toMatchObject({
    parent: 'bob',
  })
  await expect(at.life.move(platformActor, { environmentId: bob.id, parentId: under.id })).rejects.toMatchObject({
    code: 'conflict',
    message: 'bob is an ancestor of under, so under cannot be its parent',
  })
  await expect(at.life.move(platformActor, { environmentId: 'e_production', parentId: bob.id })).rejects.toMatchObject({
    code: 'bad_request',
  })
  await at.db.update(environments).set({ generation: 100 }).where(eq(environments.id, bob.id))
  const before = (await at.row(alice.id))?.generation ?? 0
  await at.life.move(platformActor, { environmentId: alice.id, parentId: 'e_production' })
  expect((await at.row(alice.id))?.generation).toBe(before + 101)
  expect(at.gone(alice.id)).toMatchObject({ parentId: 'e_production', generation: before + 101 })
})
