import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { io } from 'socket.io-client'
import { errorStatus } from '#contract/errors.ts'
import { liveTopics } from '#contract/live.ts'
import { livePath } from '#contract/live-socket.ts'
import { fault } from './fault.ts'
import { Random } from './fuzz/random.ts'
import { startTarget, type Target } from './fuzz/target.ts'

const seed = 20_261_125
const together = 8
const warmMs = 2_000
/** How long one connection is held, at most. */
const heldMs = 250
/** Until the console has looked at who it is. */
const openedMs = 1_000

export default fault({
  title:
    'Websocket frames and socket.io packets that nobody would send, to the console and through the gateway: no process ends or grows',
  full: 600,
  short: 4,
  async *run(seconds) {
    await using target = await startTarget()
    const random = new Random(seed)
    const counts = { connections: 0, bytes: 0, answered: 0 }
    const strange: string[] = []
    const began = performance.now()
    let warm = false
    const one = async () => {
      while (performance.now() - began < seconds * 1_000) {
        if (!warm && performance.now() - began > warmMs) {
          warm = true
          await target.warm()
        }
        const received = random.is(0.7)
          ? await toConsole(target, random, counts)
          : await throughGateway(target, random, counts)
        for (const wrong of defects(received)) strange.push(wrong)
        if (received !== '') counts.answered++
      }
    }
    await Promise.all(Array.from({ length: together }, one))
    yield {
      what: 'nothing is answered with a defect',
      held: strange.length === 0 && counts.answered > 0,
      measured: `${counts.connections} connections of seed ${seed}, ${(counts.bytes / 2 ** 20).toFixed(1)} MiB sent, ${counts.answered} answered ${strange.slice(0, 3).join(' | ')}`,
    }
    yield* target.findings()
    const live = await subscribes(target)
    yield { what: 'a plain socket is served afterwards', held: live === 'ok', measured: live }
    const { status, body } = await target.platform.acts(target.as).call('hello')
    yield { what: 'a plain call is answered afterwards', held: status === 200, measured: `${status} ${body}` }
  },
})

interface Counts {
  connections: number
  bytes: number
}

async function toConsole(target: Target, random: Random, counts: Counts): Promise<string> {
  // One frame that is none ends the connection: on most, only what is in them is odd.
  const tame = random.is(0.6)
  const path = random.is(0.9)
    ? `${livePath}/?EIO=${random.of(['4', '4', '4', '3', 'x'])}&transport=${random.of(['websocket', 'websocket', 'websocket', 'polling'])}`
    : random.of([`${livePath}/?EIO=4&transport=websocket&sid=x`, '/laptops', '/_next/webpack-hmr', '/live', '//live'])
  return exchange(target.webPort, counts, {
    head: head(random, { path, host: `127.0.0.1:${target.webPort}`, authorization: `Bearer ${target.as.token}` }),
    // Nothing else is looked at before.
    ...(random.is(0.9) && { opening: framed(random, Buffer.from(`40${JSON.stringify({ token: target.as.token })}`)) }),
    parts: tame
      ? Array.from({ length: 20 }, () => framed(random, event(random)))
      : parts(random, () => (random.is(0.9) ? packet(random, target) : random.bytes(random.below(200)))),
  })
}

async function throughGateway(target: Target, random: Random, counts: Counts): Promise<string> {
  const path = random.of([
    '/v1/hello/x',
    '/v1/hello',
    '/v1/hello/%00',
    '/v1/absent/x',
    '/v1/@crew/hello/x',
    '/v1/__proto__/x',
  ])
  return exchange(target.platform.gatewayPort, counts, {
    head: head(random, { path, host: '127.0.0.1', authorization: `Bearer ${target.as.token}` }),
    parts: parts(random, () => random.bytes(random.below(2_000))),
  })
}

/** A request for a websocket, seldom a proper one. */
function head(
  random: Random,
  { path, host, authorization }: { path: string; host: string; authorization: string },
): string {
  const odd = (usual: string, others: readonly string[]) => (random.is(0.93) ? usual : random.of(others))
  const lines = [
    `${odd('GET', ['POST', 'get', 'CONNECT'])} ${path} HTTP/1.1`,
    `Host: ${odd(host, ['', 'elsewhere.example', 'a b'])}`,
    `Connection: ${odd('Upgrade', ['keep-alive, Upgrade', 'close', 'Upgrade, close'])}`,
    `Upgrade: ${odd('websocket', ['WebSocket', 'h2c', 'websocket, m3o', 'm3o', ''])}`,
    `Sec-WebSocket-Version: ${odd('13', ['8', '0', '13, 8', 'x'])}`,
    `Sec-WebSocket-Key: ${odd('dGhlIHNhbXBsZSBub25jZQ==', ['', 'short', 'x'.repeat(4_000), '=='])}`,
    ...(random.is(0.95) ? [`Authorization: ${odd(authorization, ['Bearer m3o_no', 'Basic eDp5', 'Bearer'])}`] : []),
    ...(random.is(0.1)
      ? [
          `Sec-WebSocket-Extensions: ${random.of(['permessage-deflate', 'permessage-deflate; server_max_window_bits=99', 'x'.repeat(3_000)])}`,
        ]
      : []),
    ...(random.is(0.1) ? [`Sec-WebSocket-Protocol: ${random.of(['a, a', '\u0001', 'm3o'])}`] : []),
    ...(random.is(0.05) ? [`Origin: ${random.of(['null', 'http://elsewhere.example', `http://${host}`])}`] : []),
    ...(random.is(0.05) ? [`Content-Length: ${random.of(['5', '-1', '99999999999999999999'])}`] : []),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Frames as RFC 6455 (5.2) has them, and as it forbids them. */
function parts(random: Random, payload: () => Buffer): Buffer[] {
  return Array.from({ length: 1 + random.below(12) }, () => {
    if (random.is(0.05)) return random.bytes(random.below(300))
    const body = payload()
    const opcode = random.is(0.75) ? random.of([1, 1, 1, 2]) : random.below(16)
    const first = (random.is(0.93) ? 0x80 : 0) | (random.is(0.96) ? 0 : random.below(8) << 4) | opcode
    const masked = random.is(0.96)
    const claimed = random.is(0.95) ? body.length : random.of([0, 125, 126, 65_535, 65_536, 2 ** 31, 2 ** 53])
    const length =
      claimed < 126
        ? Buffer.from([claimed])
        : claimed < 65_536
          ? Buffer.from([126, claimed >> 8, claimed & 255])
          : Buffer.concat([Buffer.from([127]), bigEndian(claimed)])
    length[0] = (length[0] ?? 0) | (masked ? 0x80 : 0)
    if (masked && claimed === body.length && body.length < 65_536 && first === 0x81) return framed(random, body)
    const mask = random.bytes(4)
    return Buffer.concat([
      Buffer.from([first]),
      length,
      ...(masked ? [mask, Buffer.from(body.map((byte, at) => byte ^ (mask[at % 4] ?? 0)))] : [body]),
    ])
  })
}

/** A whole text, masked, as a client sends it. */
function framed(random: Random, body: Buffer): Buffer {
  const mask = random.bytes(4)
  const length =
    body.length < 126
      ? Buffer.from([0x80 | body.length])
      : Buffer.from([0x80 | 126, (body.length >> 8) & 255, body.length & 255])
  return Buffer.concat([
    Buffer.from([0x81]),
    length,
    mask,
    Buffer.from(body.map((byte, at) => byte ^ (mask[at % 4] ?? 0))),
  ])
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

const events = ['subscribe', 'unsubscribe', 'write', 'resize', 'signal', 'say']

/** A message that socket.io hands on. */
const event = (random: Random): Buffer => Buffer.from(`42${random.is(0.7) ? random.below(50) : ''}${eventText(random)}`)

function eventText(random: Random): string {
  const topic = random.is(0.9) ? random.of(Object.keys(liveTopics)) : random.json()
  const input = random.is(0.7)
    ? {
        team: 'crew',
        environment: 'production',
        service: 'hello',
        services: ['hello'],
        ...(random.is(0.5) && {
          [random.of(['last', 'filter', 'terminal', 'deployment', 'promotion', 'command', 'size', 'after'])]:
            random.json(),
        }),
      }
    : random.json()
  const name = random.of(events)
  const args =
    name === 'subscribe'
      ? [random.is(0.9) ? `s${random.below(4)}` : random.json(), topic, input]
      : [random.is(0.6) ? `s${random.below(4)}` : random.json(), random.json()]
  return JSON.stringify([random.is(0.95) ? name : random.json(), ...args])
}

/** Of engine.io (a digit) with one of socket.io in it (a digit, attachments, an id of its answer, JSON). */
function packet(random: Random, { as }: Target): Buffer {
  const connecting = `40${JSON.stringify({ token: random.is(0.9) ? as.token : random.json() })}`
  if (random.is(0.1)) return Buffer.from(connecting)
  if (random.is(0.5)) return event(random)
  const text = eventText(random)
  const shape = random.below(10)
  if (shape === 6)
    return Buffer.from(
      `45${random.of(['1', '2', '999999999', ''])}-${random.below(9)}["write","s1",{"_placeholder":true,"num":${random.of([0, -1, 5, 1e9])}}]`,
    )
  if (shape === 7) return Buffer.from(`4${random.below(10)}${random.of(['', '/other,', '/live,'])}${text}`)
  if (shape === 8) return Buffer.from(random.mutated(`42${text}`))
  return Buffer.from(`${random.of(['0', '1', '2', '2probe', '3', '5', '6', '9', ''])}${random.is(0.5) ? text : ''}`)
}

/** Sends it all, in pieces, and gives what came back until it was closed or held for long enough. */
async function exchange(
  port: number,
  counts: Counts,
  { head: first, opening, parts: frames }: { head: string; opening?: Buffer; parts: Buffer[] },
): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  counts.connections++
  let received = ''
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()).once('error', () => resolve()))
  socket.on('data', (part: Buffer) => (received = (received + part.toString('latin1')).slice(-200_000)))
  write(socket, counts, Buffer.from(first))
  await Promise.race([closed, untilMore(socket), delay(heldMs)])
  if (opening !== undefined) {
    write(socket, counts, opening)
    for (
      const deadline = performance.now() + openedMs;
      !/40\{"sid"|44\{/.test(received) && !socket.destroyed && performance.now() < deadline;
    )
      await delay(5)
  }
  for (const frame of frames) write(socket, counts, frame)
  await Promise.race([closed, delay(heldMs)])
  socket.destroy()
  return received
}

function write(socket: Socket, counts: Counts, bytes: Buffer): void {
  if (socket.destroyed) return
  counts.bytes += bytes.length
  socket.write(bytes)
}

const untilMore = (socket: Socket) => new Promise<void>((resolve) => socket.once('data', () => resolve()))

/** What says that something failed that should not have: no refusal of ours has this code. */
function defects(received: string): string[] {
  const codes = [...received.matchAll(/"code":"([a-z_]+)"/g)].map(([, code]) => code ?? '')
  const wrong = codes.filter((code) => code === 'internal' || !(code in errorStatus))
  if (/^HTTP\/1\.1 5(?!03|02)/.test(received)) wrong.push(received.slice(0, 200))
  return wrong.length > 0 ? [`${wrong[0]}: ${received.slice(0, 600)}`] : []
}

function subscribes({ webPort, as }: Target): Promise<string> {
  const socket = io(`http://127.0.0.1:${webPort}`, {
    path: livePath,
    transports: ['websocket'],
    auth: { token: as.token },
    reconnection: false,
    forceNew: true,
  })
  return new Promise<string>((resolve) => {
    socket.once('connect_error', (error) => resolve(String(error)))
    socket.once('connect', () =>
      socket.emit(
        'subscribe',
        'one',
        'logs',
        { team: 'crew', environment: 'production', services: ['hello'] },
        (answer: unknown) => {
          const { ok } = answer as { ok: boolean }
          resolve(ok ? 'ok' : JSON.stringify(answer))
        },
      ),
    )
    setTimeout(() => resolve('no answer within 10 s'), 10_000).unref()
  }).finally(() => socket.close())
}
