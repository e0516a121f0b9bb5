import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, exitsOf, serve, specOf } from '../engines/conformance.ts'
import type { Engine } from '../engines/engine.ts'
import { openProcessEngine, uninstallProcessEngine } from '../engines/process/process-engine.ts'
import { Disk } from './disk.ts'

/** On a small disk of its own, in memory: what is written counts for its writer's memory, too. */
const root = process.getuid?.() === 0
if (!root) console.warn('NOT TESTED: room on the disk: it must be run as root')
const checkout = fileURLToPath(new URL('../..', import.meta.url))

describe.runIf(root)('room on the disk', { timeout: 60_000 }, () => {
  let home: string
  let engine: Engine
  const parked: { serviceId: string; why: string }[] = []
  const bench = () => ({ engine, folder: home, gatewayPort: 18_084, reopen: async () => engine, destroy: async () => {} })
  const services = [{ serviceId: 's_a', teamId: 'team_a' }, { serviceId: 's_b', teamId: 'team_b' }]

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

  const open = (teamMiB: number) => new Disk({
    home, engine, teamMiB, servicesOf: () => services, log: { warn: () => {}, error: (failure: unknown) => { throw failure } },
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
    const hog = await engine.start(specOf(bench(), fills('/data', 100), { teamId: 'team_a', serviceId: 's_a', dataDir }))
    const ended = exitsOf(engine).of(hog.id)
    disk.follow()
    expect(await ended).toMatchObject({ stopped: true })
    disk.close()
    expect(parked.map(({ serviceId }) => serviceId)).toEqual(['s_a'])
    expect(parked[0]?.why).toMatch(/^its team has used up its room on the disk: \d+ MiB of 64 MiB$/)
    expect(engine.list().map(({ id }) => id).sort()).toEqual([neighbour.id, quiet.id].sort())
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
    const job = await engine.start(specOf(bench(), ['sh', '-c', 'head -c 330M /dev/zero >/tmp/much; while head -c 512K /dev/zero; do sleep 0.05; done >>/tmp/much; sleep 1000'], { teamId: 'team_a', job: true, port: 0, limits: { memoryMiB: 1024, cpu: 1, pids: 64 } }))
    const ended = exitsOf(engine).of(job.id)
    disk.follow()
    expect(await ended).toMatchObject({ stopped: true })
    disk.close()
    expect(await free()).toBeGreaterThan(1 << 20)
    expect(parked).toEqual([])
    await engine.remove(job.id)
    await eventually(async () => expect(await free()).toBeGreaterThan(300 << 20))
  })
})
