import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeFrame, frameKind, FrameReader } from '#contract/frames.ts'
import { eventually, patient, serve, specOf } from '#runtime/engines/conformance.ts'
import type { Engine, Placement } from '#runtime/engines/engine.ts'
import { openProcessEngine, uninstallProcessEngine } from '#runtime/engines/process/process-engine.ts'
import { serveExec } from './serve.ts'
import type { Attachment } from './terminal.ts'
import { Terminals } from './terminals.ts'

const home = mkdtempSync(`${tmpdir()}/m3o-terminals-`)
const size = { cols: 80, rows: 24 }
let engine: Engine
let service: Placement
let terminals: Terminals

beforeAll(async () => {
  engine = await openProcessEngine({
    home,
    gatewayPort: 18_081,
    checkout: fileURLToPath(new URL('../..', import.meta.url)),
  })
  service = await serve({
    engine,
    folder: home,
    gatewayPort: 18_081,
    reopen: async () => engine,
    destroy: async () => {},
  })
  terminals = new Terminals(engine)
}, patient)

afterAll(async () => {
  await terminals.closeAll()
  await engine.keepOnly(new Set())
  await engine.destroyTeamNetworks()
  await engine.close()
  await uninstallProcessEngine(home)
  rmSync(home, { recursive: true })
}, patient)

/** Reads all that arrives; `text` is what has arrived so far. */
function look(attachment: Attachment) {
  const seen = { text: '', snapshot: '', exitCode: undefined as number | null | undefined }
  void (async () => {
    for await (const event of attachment.events) {
      if (event.kind === 'exit') seen.exitCode = event.exitCode
      else seen.text += event.data.toString()
      if (event.kind === 'snapshot') seen.snapshot = event.data.toString()
    }
  })()
  return seen
}

describe('terminals', { timeout: patient }, () => {
  test('go on while nobody looks and paint their screen for who comes back', async () => {
    const id = await terminals.open({ instanceId: service.id, userId: 'ann', ...size })
    const first = terminals.attach(id, 'ann')
    const seen = look(first)
    first.write('echo one-$((40+2))\r')
    await eventually(() => expect(seen.text).toContain('one-42'))
    first.detach()

    const again = terminals.attach(id, 'ann')
    const later = look(again)
    await eventually(() => expect(later.snapshot).toContain('one-42'))
    again.write('exit 3\r')
    await eventually(() => expect(later.exitCode).toBe(3))
    expect(terminals.list('ann')).toEqual([])
  })

  test('restore a full-screen program, and the shell below it', async () => {
    const id = await terminals.open({ instanceId: service.id, userId: 'ann', ...size })
    const first = terminals.attach(id, 'ann')
    const seen = look(first)
    first.write(
      `printf '\\033]2;editing\\007'; printf '\\033[?1049h\\033[2J\\033[5;10Hfull screen'; cat; printf '\\033[?1049l'\r`,
    )
    await eventually(() => expect(seen.text).toContain('full screen\u001b[?1049l'.slice(0, 11)))
    first.detach()
    const again = terminals.attach(id, 'ann')
    const later = look(again)
    await eventually(() => expect(later.snapshot).toMatch(/\u001b\[\?1049h[^]*full screen/))
    expect(terminals.list('ann')[0]?.title).toBe('editing')
    await terminals.close(id, 'ann')
  })

  test('belong to who opened them, several at once', async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(() => terminals.open({ instanceId: service.id, userId: 'ann', ...size })),
    )
    expect(
      terminals
        .list('ann')
        .map((each) => each.id)
        .sort(),
    ).toEqual([...ids].sort())
    expect(terminals.list('bob')).toEqual([])
    expect(() => terminals.attach(ids[0] ?? '', 'bob')).toThrow('this terminal is closed')
    await expect(terminals.close(ids[0] ?? '', 'bob')).rejects.toMatchObject({ code: 'not_found' })
    await Promise.all(ids.map((id) => terminals.close(id, 'ann')))
    expect(terminals.list('ann')).toEqual([])
  })

  test('pause a program whose viewer does not read, and lose nothing', async () => {
    const id = await terminals.open({ instanceId: service.id, userId: 'ann', ...size })
    const attachment = terminals.attach(id, 'ann')
    const events = attachment.events[Symbol.asyncIterator]()
    await events.next()
    attachment.write('stty -echo; node flood.mjs 40000; echo fin""ished\r')
    await eventually(async () => {
      // Nobody reads: the processor time of the instance must come to rest.
      const before = (await engine.stats([service.id])).get(service.id)?.cpuMs ?? 0
      await new Promise((resolve) => setTimeout(resolve, 250))
      const after = (await engine.stats([service.id])).get(service.id)?.cpuMs ?? 0
      expect(before).toBeGreaterThan(0)
      expect(after - before).toBeLessThan(10)
    })
    let text = ''
    while (!text.includes('finished')) {
      const event = await events.next()
      if (event.done) throw new Error('it ended early')
      if (event.value.kind === 'output') text += event.value.data.toString()
    }
    expect(text.match(/line \d+ x/g)).toHaveLength(40_000)
    await terminals.close(id, 'ann')
  })

  test('hold up a paste that the program does not read yet, and deliver all of it', async () => {
    const id = await terminals.open({ instanceId: service.id, userId: 'ann', ...size })
    const attachment = terminals.attach(id, 'ann')
    const seen = look(attachment)
    const lines = 30_000
    attachment.write(`stty -echo; echo re""ady; sleep 1; head -n ${lines} | sha1sum | cut -c1-8; echo fin""ished\r`)
    await eventually(() => expect(seen.text).toContain('ready'))
    let held = 0
    for (let line = 1; line <= lines; line++) {
      if (attachment.write(`pasted line ${line}\n`)) continue
      held++
      await attachment.drain()
    }
    await eventually(() => expect(seen.text).toContain('finished'))
    const { createHash } = await import('node:crypto')
    const text = Array.from({ length: lines }, (_, index) => `pasted line ${index + 1}\n`).join('')
    expect(seen.text).toContain(createHash('sha1').update(text).digest('hex').slice(0, 8))
    expect(held).toBeGreaterThan(0)
    await terminals.close(id, 'ann')
  })

  test('end when nobody has looked for long, and with their instance', async () => {
    const brief = new Terminals(engine, { idleMs: 50 })
    await brief.open({ instanceId: service.id, userId: 'ann', ...size })
    await eventually(() => expect(brief.list('ann')).toEqual([]))

    const short = await engine.start(specOf({ folder: home }, ['node', 'silent.mjs']))
    const id = await terminals.open({ instanceId: short.id, userId: 'ann', ...size })
    const seen = look(terminals.attach(id, 'ann'))
    await eventually(() => expect(seen.text).toContain('$'))
    await engine.stop(short.id, { graceMs: 0 })
    await eventually(() => expect(terminals.list('ann')).toEqual([]))
    expect(seen.exitCode).not.toBe(undefined)
    await expect(terminals.open({ instanceId: short.id, userId: 'ann', ...size })).rejects.toMatchObject({
      code: 'not_in_this_state',
    })
  })

  test('a command over frames has its input, both outputs and its exit code; its caller leaving ends it', async () => {
    const run = async (command: string[]) => {
      const server = createServer(
        (socket) => void engine.exec(service.id, { command }).then((session) => serveExec(socket, session)),
      )
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
      return { client, close: () => server.close() }
    }
    const { client, close } = await run(['sh', '-c', 'cat; echo bad >&2; exit 9'])
    client.write(Buffer.concat([encodeFrame(frameKind.input, 'typed'), encodeFrame(frameKind.input)]))
    expect(await framesOf(client)).toEqual({ output: 'typed', error: 'bad\n', exit: 9 })
    close()

    const left = await run(['sleep', '985'])
    const sleeping = async () =>
      (await (await fetch(`http://${service.address}:${service.port}/processes`)).text()).includes('sleep\\u0000985')
    await eventually(async () => expect(await sleeping()).toBe(true))
    left.client.destroy()
    await eventually(async () => expect(await sleeping()).toBe(false))
    left.close()
  })
})

async function framesOf(socket: Socket) {
  const reader = new FrameReader()
  const got = { output: '', error: '', exit: undefined as number | undefined }
  for await (const chunk of socket) {
    for (const { kind, payload } of reader.push(chunk as Buffer)) {
      if (kind === frameKind.output) got.output += payload.toString()
      if (kind === frameKind.error) got.error += payload.toString()
      if (kind === frameKind.exit) got.exit = (JSON.parse(payload.toString()) as { exitCode: number }).exitCode
    }
  }
  return got
}
