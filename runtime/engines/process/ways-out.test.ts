import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, eventually, exitsOf, serve, specOf } from '../conformance.ts'
import type { Engine, Placement, Way } from '../engine.ts'
import { openProcessEngine, uninstallProcessEngine } from './process-engine.ts'

/** The internet of these tests is a network namespace with two of the addresses that are for documentation (RFC 5737). */
const root = process.getuid?.() === 0
if (!root) console.warn('NOT TESTED: ways out of teams: it must be run as root')
const run = promisify(execFile)
const checkout = fileURLToPath(new URL('../../..', import.meta.url))
const base = (process.pid % 31) * 8
const [machine, one, two] = [1, 2, 3].map((host) => `203.0.113.${base + host}`) as [string, string, string]
const outside = `m3o-out-${process.pid}`

describe.runIf(root)('ways out of teams', { timeout: 30_000 }, () => {
  let home: string
  let engine: Engine
  let service: Placement
  let neighbour: Placement
  let world: ChildProcess
  const ways = new Map<string, Way>()
  const bench = () => ({
    engine,
    folder: home,
    gatewayPort: 18_083,
    reopen: async () => engine,
    destroy: async () => {},
  })

  beforeAll(async () => {
    await run('ip', ['netns', 'add', outside])
    await run('ip', ['link', 'add', `o${process.pid}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside])
    await run('ip', ['addr', 'add', `${machine}/29`, 'dev', `o${process.pid}`])
    await run('ip', ['link', 'set', `o${process.pid}`, 'up'])
    // As the machine's way to the world has it.
    writeFileSync(`/proc/sys/net/ipv4/conf/o${process.pid}/forwarding`, '1')
    for (const address of [one, two]) await run('ip', ['-n', outside, 'addr', 'add', `${address}/29`, 'dev', 'eth0'])
    await run('ip', ['-n', outside, 'link', 'set', 'eth0', 'up'])
    // Echoes; says so first.
    world = spawn(
      'nsenter',
      [
        `--net=/run/netns/${outside}`,
        process.execPath,
        '-e',
        "require('net').createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(7000, '0.0.0.0', () => console.log('there'))",
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await once(world.stdout ?? world, 'data')
    home = mkdtempSync(join(tmpdir(), 'm3o-ways-'))
    engine = await openProcessEngine({
      home,
      gatewayPort: 18_083,
      checkout,
      wayOf: (team) => ways.get(team) ?? { mode: 'all' },
    })
    service = await serve(bench(), { teamId: 'team_a' })
    neighbour = await serve(bench(), { teamId: 'team_b', environmentId: 'env_b' })
  }, 30_000)

  afterAll(async () => {
    world.kill('SIGKILL')
    await engine.keepOnly(new Set())
    await engine.destroyTeamNetworks()
    await engine.close()
    await uninstallProcessEngine(home)
    rmSync(home, { recursive: true })
    await run('ip', ['link', 'delete', `o${process.pid}`])
    await run('ip', ['netns', 'delete', outside])
  }, 30_000)

  const from = async (placement: Placement, host: string, port = 7000) =>
    (await ask<{ outcome: string }>(placement, '/connect', { host, port: String(port) })).outcome
  const set = async (way: Way) => (ways.set('team_a', way), engine.refreshWays())

  test('all: everything public', async () => {
    expect([await from(service, one), await from(service, two)]).toEqual(['connected', 'connected'])
  })

  test('listed: what is named, and nothing else; other teams keep theirs', async () => {
    await set({ mode: 'listed', networks: [`${one}/32`, '198.51.100.0/24'] })
    expect([await from(service, one), await from(service, two)]).toEqual(['connected', 'ECONNREFUSED'])
    expect(await from(neighbour, two)).toBe('connected')
  })

  test('builds are held to it as well', async () => {
    await set({ mode: 'listed', networks: [one] })
    const exits = exitsOf(engine)
    const attempt = (host: string) =>
      `node -e "require('net').connect(7000, '${host}').on('connect', () => { console.log('connected'); process.exit() }).on('error', (error) => console.log(error.code))"`
    const { id, logs } = await engine.start(
      specOf(bench(), ['sh', '-c', `${attempt(one)}; ${attempt(two)}`], { teamId: 'team_a', job: true, port: 0 }),
    )
    await exits.of(id)
    expect(readFileSync(logs.stdout, 'utf8')).toBe('connected\nECONNREFUSED\n')
    await engine.remove(id)
  })

  test('none: nowhere, at once, and no names; the gateway as ever', async () => {
    await set({ mode: 'all' })
    const talk = `const socket = require('net').connect(7000, '${one}'); socket.on('data', () => console.log('echo')).on('error', (error) => { console.log(error.code); process.exit(3) }); setInterval(() => socket.write('x'), 20)`
    const session = await engine.exec(service.id, { command: ['node', '-e', talk] })
    let said = ''
    session.stdout.on('data', (part: Buffer) => (said += part.toString()))
    await eventually(() => expect(said).toContain('echo'))
    await set({ mode: 'none' })
    expect((await session.exited).exitCode).toBe(3)
    expect(said).toMatch(/ECONNRESET|EPIPE|ECONNREFUSED/)
    expect([await from(service, one), await from(service, two)]).toEqual(['ECONNREFUSED', 'ECONNREFUSED'])
    expect(
      await ask<string>(service, '/run', {
        command:
          "node -e \"require('dns').resolve4('example.com', { timeout: 500, tries: 1 }, (error) => console.log(error ? 'no name' : 'a name'))\" 2>&1",
      }),
    ).toBe('no name\n')
    const { gatewayAddress } = service
    const gateway = createServer((socket) => socket.end()).listen(18_083, gatewayAddress)
    await once(gateway, 'listening')
    expect(await from(service, gatewayAddress, 18_083)).toBe('connected')
    gateway.close()
  })

  test('a list never opens what is private, nor the machine itself', async () => {
    await set({ mode: 'listed', networks: ['0.0.0.0/0'] })
    for (const host of [neighbour.address, '10.0.0.1', '169.254.169.254', machine])
      expect([host, await from(service, host, host === neighbour.address ? neighbour.port : 7000)]).toEqual([
        host,
        'ECONNREFUSED',
      ])
    expect(await from(service, one)).toBe('connected')
  })
})
