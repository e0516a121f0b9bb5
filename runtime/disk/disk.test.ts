import { execFile } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventually, exitsOf, serve, specOf } from '../engines/conformance.ts'
import type { Engine } from '../engines/engine.ts'
import { openProcessEngine, uninstallProcessEngine } from '../engines/process/process-engine.ts'
import { ofPlatform } from '../builds/trust.ts'
import { Disk } from './disk.ts'
import { Stock } from './stock.ts'

/** On a small disk of its own, in memory: what is written counts for its writer's memory, too. */
const root = process.getuid?.() === 0
if (!root) console.warn('NOT TESTED: room on the disk: it must be run as root')
const checkout = fileURLToPath(new URL('../..', import.meta.url))

describe.runIf(root)('room on the disk', { timeout: 60_000 }, () => {
  let home: string
  let engine: Engine
  const parked: { serviceId: string; why: string }[] = []
  const bench = () => ({
    engine,
    folder: home,
    gatewayPort: 18_084,
    reopen: async () => engine,
    destroy: async () => {},
  })
  const services = [
    { serviceId: 's_a', teamId: 'team_a' },
    { serviceId: 's_b', teamId: 'team_b' },
  ]

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'm3o-disk-'))
    await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'm3o-test', home])
    engine = await openProcessEngine({ home, gatewayPort: 18_084, checkout })
  }, 60_000)

  afterAll(async () => {
    await engine.keepOnly(new Set())
    await engine.destroyTeamNetworks()
    await engine.close()
    await uninstallProcessEngine(home)
    await promisify(execFile)('umount', [home])
    rmSync(home, { recursive: true })
  }, 60_000)

  const owners = {
    teamOfService: (id: string) => services.find(({ serviceId }) => serviceId === id)?.teamId,
    teamOfEnvironment: () => 'team_a',
    refresh: async () => {},
  }
  const open = (teamMiB: number) =>
    new Disk({
      home,
      engine,
      teamMiB,
      stock: new Stock(home, owners),
      servicesOf: () => services,
      log: {
        warn: () => {},
        error: (failure: unknown) => {
          throw failure
        },
      },
      park: async ({ serviceId, environmentId }, why) => {
        parked.push({ serviceId, why })
        const one = engine.list().find((each) => each.serviceId === serviceId && each.environmentId === environmentId)
        if (one) await engine.stop(one.id, { graceMs: 0 })
      },
    })
  const free = async () => (await statfs(home)).bavail * (await statfs(home)).bsize
  const fills = (place: string, mib: number) => ['sh', '-c', `head -c ${mib}M /dev/zero >${place}/much; sleep 1000`]

  test('a team beyond its own has what grew the most ended, and nobody else', async () => {
    const neighbour = await serve(bench(), { teamId: 'team_b', serviceId: 's_b' })
    const quiet = await serve(bench(), { teamId: 'team_a', serviceId: 's_quiet' })
    const disk = open(64)
    await disk.look()
    const dataDir = `${home}/data/s_a/e_1`
    mkdirSync(dataDir, { recursive: true })
    const hog = await engine.start(
      specOf(bench(), fills('/data', 100), { teamId: 'team_a', serviceId: 's_a', dataDir }),
    )
    const ended = exitsOf(engine).of(hog.id)
    disk.follow()
    expect(await ended).toMatchObject({ stopped: true })
    disk.close()
    expect(parked.map(({ serviceId }) => serviceId)).toEqual(['s_a'])
    expect(parked[0]?.why).toMatch(/^its team has used up its room on the disk: \d+ MiB of 64 MiB$/)
    expect(
      engine
        .list()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([neighbour.id, quiet.id].sort())
    // What it had written stays, and counts.
    expect(existsSync(`${dataDir}/much`)).toBe(true)
    rmSync(`${home}/data`, { recursive: true })
    await engine.remove(hog.id)
  })

  test('a build that fills the disk ends before others cannot write', async () => {
    parked.length = 0
    // Slower than it is looked at: what is written between two looks is beyond.
    const disk = open(10_000)
    await disk.look()
    const job = await engine.start(
      specOf(
        bench(),
        [
          'sh',
          '-c',
          'head -c 330M /dev/zero >/tmp/much; while head -c 512K /dev/zero; do sleep 0.05; done >>/tmp/much; sleep 1000',
        ],
        { teamId: 'team_a', job: true, port: 0, limits: { memoryMiB: 1024, cpu: 1, pids: 64 } },
      ),
    )
    const ended = exitsOf(engine).of(job.id)
    disk.follow()
    expect(await ended).toMatchObject({ stopped: true })
    disk.close()
    expect(await free()).toBeGreaterThan(1 << 20)
    expect(parked).toEqual([])
    await engine.remove(job.id)
    await eventually(async () => expect(await free()).toBeGreaterThan(300 << 20))
  })

  /** As the platform stores for a team, beside what its services write. */
  const store = (path: string, mib: number) => {
    mkdirSync(join(home, path, '..'), { recursive: true })
    writeFileSync(join(home, path), Buffer.alloc(mib << 20))
  }
  const why = async (work: () => unknown) =>
    Promise.resolve()
      .then(work)
      .then(
        () => 'it may',
        (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
      )

  test('source, builds and installed dependencies count for the team that they are kept for, which then stores no more', async () => {
    const disk = open(60)
    await disk.storing({ teamId: 'team_a', serviceId: 's_a' }, async () =>
      store('source/s_a.git/objects/pack/one.pack', 20),
    )
    store('builds/b_1/app/large.bin', 20)
    writeFileSync(join(home, 'builds/b_1/build.json'), JSON.stringify({ teamId: 'team_a' }))
    // The same file in two builds is half of each.
    mkdirSync(join(home, 'builds/b_2/app'), { recursive: true })
    linkSync(join(home, 'builds/b_1/app/large.bin'), join(home, 'builds/b_2/app/large.bin'))
    writeFileSync(join(home, 'builds/b_2/build.json'), JSON.stringify({ teamId: 'team_a' }))
    store(`cache/modules/${ofPlatform('team_a')}/x/node_modules/large.bin`, 10)
    store('source/.trash/s_b.1.git/objects/pack/one.pack', 5)
    await disk.look()
    expect(Math.round(disk.roomOf('team_a') / 2 ** 20)).toBe(10)
    expect(Math.round(disk.roomOf('team_b') / 2 ** 20)).toBe(55)
    expect(await why(() => disk.requireRoom('team_a'))).toBe('it may')
    await disk.storing({ teamId: 'team_a', serviceId: 's_a' }, async () =>
      store('source/s_a.git/objects/pack/two.pack', 40),
    )
    await eventually(async () => {
      await disk.look()
      expect(await why(() => disk.storing({ teamId: 'team_a', serviceId: 's_a' }, async () => {}))).toBe(
        'disk_full: the team has used up its room on the disk: 90 MiB of 60 MiB',
      )
    })
    expect(await why(() => disk.requireRoom('team_b'))).toBe('it may')
    for (const folder of ['source', 'builds', 'cache']) rmSync(join(home, folder), { recursive: true, force: true })
  })

  test('what builds have downloaded is dropped before a team is refused', async () => {
    const disk = open(60)
    store('cache/downloads/shared-team_a/_cacache/much', 70)
    await disk.look()
    expect(existsSync(join(home, 'cache/downloads/shared-team_a'))).toBe(false)
    expect(await why(() => disk.requireRoom('team_a'))).toBe('it may')
    rmSync(join(home, 'cache'), { recursive: true, force: true })
  })

  test('a team whose pushes fill the disk has none of another team’s services ended, and is refused itself', async () => {
    parked.length = 0
    const now = performance.now.bind(performance)
    let passed = 0
    using clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + passed)
    const disk = open(10_000)
    const neighbour = await serve(bench(), { teamId: 'team_b', serviceId: 's_b' })
    await disk.look()
    // The neighbour writes a little all the while.
    const logged = (mib: number) => store(`logs/services/s_b/${mib}.log`, mib)
    await disk.storing({ teamId: 'team_a', serviceId: 's_a' }, async () => {
      store('source/s_a.git/objects/pack/one.pack', Math.floor((await free()) / 2 ** 20) - 30)
      logged(2)
      await disk.look()
    })
    for (const mib of [3, 4]) {
      logged(mib)
      passed += 5_000 // it is not measured at each look
      await disk.look()
    }
    expect(parked).toEqual([])
    expect(engine.list().map(({ id }) => id)).toContain(neighbour.id)
    expect(await why(() => disk.requireRoom('team_a'))).toMatch(
      /^disk_full: the disk of the platform is nearly full, and the team uses \d+ MiB of it$/,
    )
    expect(await why(() => disk.requireRoom('team_b'))).toBe('it may')
    for (const folder of ['source', 'logs']) rmSync(join(home, folder), { recursive: true, force: true })
    clock.mockRestore()
    await engine.remove(neighbour.id)
  })
})
