import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, serve, specOf } from '../engines/conformance.ts'
import type { Engine, InstanceSpec, Placement } from '../engines/engine.ts'
import { openProcessEngine, uninstallProcessEngine } from '../engines/process/process-engine.ts'
import type { Without } from '../engines/process/capabilities.ts'
import { waitUntilReady } from './check.ts'
import type { Running } from './instances.ts'
import { freePort } from './port.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const patient = 30_000
const modes: Record<string, Without> = {
  'as on any machine that can': [],
  'where services share the machine’s network': ['bubblewrap', 'control groups'],
}

describe.each(Object.entries(modes))('who answers is who was started, %s', { timeout: patient }, (_, without) => {
  let home: string
  let engine: Engine
  let lowest = 12_000 + (process.pid % 5_000)
  const bench = () => ({
    engine,
    folder: home,
    gatewayPort: 18_084,
    reopen: async () => engine,
    destroy: async () => {},
  })

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'm3o-check-'))
    engine = await openProcessEngine({ home, gatewayPort: 18_084, checkout, without })
  }, patient)
  afterAll(async () => {
    await engine.keepOnly(new Set())
    await engine.destroyTeamNetworks()
    await engine.close()
    await uninstallProcessEngine(home)
    rmSync(home, { recursive: true })
  }, patient)

  const nextPort = async () => {
    for (;;) {
      const server = createServer().listen(++lowest, '0.0.0.0')
      const free = await once(server, 'listening').then(
        () => true,
        () => false,
      )
      server.close()
      if (free) return lowest
    }
  }
  const start = async (command: string[], more: Partial<InstanceSpec>) => {
    const spec = specOf(bench(), command, more)
    const { instanceAddress } = await engine.prepare(spec)
    return engine.start({ ...spec, env: { PORT: String(spec.port), HOST: instanceAddress, ...spec.env } })
  }
  const ready = async (placement: Placement, withinMs: number) => {
    const running = {
      placement,
      portOwner: () => engine.portOwner(placement.id, placement.port),
      ports: () => engine.portsOf(placement.id),
    } as Running
    let heard = false
    await waitUntilReady(running, '/', withinMs, {
      signal: new AbortController().signal,
      onListening: () => {
        heard = true
      },
    })
    return heard
  }

  test('the instance itself, and a process of its own that listens', async () => {
    const [one, other] = [await nextPort(), await nextPort()]
    const itself = await start(['node', 'serve.mjs'], { port: one })
    const child = await start(['sh', '-c', 'node serve.mjs & wait'], { port: other })
    expect([await ready(itself, 15_000), await ready(child, 15_000)]).toEqual([true, true])
    expect(await engine.portsOf(child.id)).toEqual([other])
    expect(await engine.portOwner(itself.id, await nextPort())).toBe('nobody')
    for (const { id } of [itself, child]) await engine.remove(id)
  })

  test('nobody else that has its port, such as another revision of the same service, however well it answers', async () => {
    const port = await nextPort()
    const squatter = await serve(bench(), { port, env: { HOST: '0.0.0.0' } })
    const victim = await start(['node', 'silent.mjs'], { port })
    const refused = ready(victim, 1_000)
    await expect(refused).rejects.toMatchObject({
      code: 'check_failed',
      message: expect.stringContaining('another process listens on its port') as unknown,
    })
    await engine.remove(squatter.id)
    expect(await engine.portOwner(victim.id, port)).toBe('nobody')
    await engine.remove(victim.id)
  })

  test('nobody who shares its port with it (SO_REUSEPORT)', async () => {
    const port = await nextPort()
    const shares = [
      'node',
      '-e',
      `require('node:http').createServer((request, response) => response.end('mine')).listen({ port: ${port}, host: process.env.HOST, reusePort: true })`,
    ]
    const [one, other] = [await start(shares, { port }), await start(shares, { port })]
    await eventually(async () => expect(await engine.portOwner(one.id, port)).toBe('other'))
    await expect(ready(one, 1_000)).rejects.toMatchObject({ code: 'check_failed' })
    await engine.remove(other.id)
    expect(await ready(one, 15_000)).toBe(true)
    await engine.remove(one.id)
  })

  test('a terminal beside it is not the instance', async () => {
    const port = await nextPort()
    const victim = await start(['node', 'silent.mjs'], { port })
    const session = await engine.exec(victim.id, {
      command: [
        'node',
        '-e',
        `require('node:http').createServer((request, response) => response.end()).listen(${port}, process.env.HOST, () => console.log('listens'))`,
      ],
    })
    await once(session.stdout, 'data')
    expect(await engine.portOwner(victim.id, port)).toBe('other')
    session.kill()
    await session.exited
    await engine.remove(victim.id)
  })
})

test('where every port is taken, none is given', async () => {
  await expect(
    freePort(
      Array.from({ length: 12_000 }, (_, index) => 20_000 + index),
      '10.0.0.2',
    ),
  ).rejects.toMatchObject({ code: 'unavailable' })
})
