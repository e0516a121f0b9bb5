import { connect } from 'node:net'
import { io, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { LiveTopic, SubscribeAnswer } from '#contract/live.ts'
import type { Browser } from '../testing/browser.ts'
import { eventually, startStand, type Stand } from '../testing/stand.ts'

let stand: Stand
let ann: Browser
let token: string
const email = 'ann@example.com'
const password = 'correct horse'
const at = { team: 'demo', environment: 'production', service: 'hello' }
const sockets: Socket[] = []

beforeAll(async () => {
  stand = await startStand()
  await stand.web.setup.run(stand.setupCode, { email, name: 'Ann', password })
  ann = stand.browser()
  await ann.signIn(email, password)
  const login = (await ann.mutate('person.login', { email, password })) as { data: { token: string } }
  token = login.data.token
  const as = await stand.withToken(token)
  await as.services.create({ team: 'demo', name: 'hello', template: 'hello' })
  const { deploymentId } = await as.deployments.start({ ...at, what: { draft: {} } })
  await eventually(async () => (await as.deployments.get({ team: 'demo', deploymentId })).state === 'live')
}, 90_000)
afterEach(() => sockets.splice(0).forEach((socket) => socket.disconnect()))
afterAll(async () => stand[Symbol.asyncDispose]())

interface Live {
  socket: Socket
  subscribe(id: string, topic: LiveTopic, input: unknown): Promise<SubscribeAnswer>
  items: Record<string, unknown[]>
  text: Record<string, string>
  ended: Record<string, { code: string } | null>
  told: string[]
}

/** @param by what a browser or the command would send; `hold` leaves batches of that id without their ack */
function open(by: { browser?: Browser; token?: string; origin?: string | null; hold?: string }): Live {
  const origin = by.origin === undefined ? stand.settings.url : by.origin
  const socket = io(stand.settings.url, {
    path: '/live',
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    ...(by.token && { auth: { token: by.token } }),
    extraHeaders: { ...(by.browser && { cookie: by.browser.cookie }), ...(origin !== null && { origin }) },
  })
  sockets.push(socket)
  const live: Live = {
    socket,
    items: {},
    text: {},
    ended: {},
    told: [],
    subscribe: (id, topic, input) => new Promise((resolve) => socket.emit('subscribe', id, topic, input, resolve)),
  }
  socket.on('items', (id: string, items: unknown[], ack: () => void) => {
    ;(live.items[id] ??= []).push(...items)
    if (by.hold !== id) ack()
  })
  socket.on('bytes', (id: string, kind: string, bytes: Uint8Array, ack: () => void) => {
    live.text[`${id} ${kind}`] = (live.text[`${id} ${kind}`] ?? '') + Buffer.from(bytes).toString()
    if (by.hold !== id) ack()
  })
  socket.on('end', (id: string, error: { code: string } | null) => {
    live.ended[id] = error
  })
  for (const name of ['connect', 'connect_error', 'disconnect', 'signedOut', 'resync'])
    socket.on(name, () => live.told.push(name))
  return live
}

const connected = async (by: Parameters<typeof open>[0]): Promise<Live> => {
  const live = open(by)
  await eventually(() => live.told.includes('connect'))
  return live
}

test("a socket opens for the console's own pages and for tokens, and for nobody else", async () => {
  const outcome = async (by: Parameters<typeof open>[0]) => {
    const { told } = open(by)
    await eventually(() => told.length > 0)
    return told[0]
  }
  expect(await outcome({ browser: ann })).toBe('connect')
  expect(await outcome({ token, origin: null })).toBe('connect')
  expect(await outcome({ browser: ann, origin: null })).toBe('connect_error')
  expect(await outcome({ browser: stand.browser() })).toBe('connect_error')
  expect(await outcome({ token: 'm3o_wrong', origin: null })).toBe('connect_error')
  for (const origin of [
    'http://evil.example',
    `http://hello--demo.localhost:${stand.gatewayPort}`,
    'null',
    `https://127.0.0.1.evil.example`,
  ]) {
    expect(await outcome({ browser: ann, origin }), origin).toBe('connect_error')
  }
})

test('a session that ends closes its sockets at once, and no others', async () => {
  const other = stand.browser()
  await other.signIn(email, password)
  const [mine, theirs] = [await connected({ browser: ann }), await connected({ browser: other })]
  await other.signOut()
  await eventually(() => theirs.told.includes('disconnect'))
  expect(theirs.told).toContain('signedOut')
  expect(mine.socket.connected).toBe(true)
})

test('a subscription is refused, or ended later, by the same table as everything else', async () => {
  const person = await stand.web.people.create({ email: 'bob@example.com', name: 'Bob', password, operator: false })
  const bob = stand.browser()
  await bob.signIn(person.email, password)
  const live = await connected({ browser: bob })
  expect(await live.subscribe('1', 'team', { team: 'demo' })).toMatchObject({ ok: false, error: { code: 'not_found' } })
  const owner = await stand.withToken(token)
  const { link } = await owner.invitations.create({ team: 'demo', email: person.email, role: 'viewer' })
  await bob.mutate('invitations.accept', { secret: link.split('/').at(-1) })
  expect(await live.subscribe('2', 'team', { team: 'demo' })).toEqual({ ok: true })
  expect(await live.subscribe('3', 'exec', { ...at, command: ['id'] })).toMatchObject({
    ok: false,
    error: { code: 'forbidden' },
  })
  expect(await live.subscribe('4', 'logs', { team: 'demo', environment: 'production', services: [] })).toEqual({
    ok: true,
  })
  await owner.members.remove({ team: 'demo', userId: person.id })
  await eventually(() => '2' in live.ended && '4' in live.ended)
  expect(live.ended['2']?.code).toBe('not_found')
  for (const [topic, input] of [
    ['nothing', {}],
    ['team', null],
    ['team', { team: 5 }],
    [{}, {}],
  ] as const) {
    expect(await live.subscribe('9', topic as LiveTopic, input)).toMatchObject({
      ok: false,
      error: { code: 'bad_request' },
    })
  }
  // Nonsense harms nobody.
  for (const name of ['write', 'resize', 'signal', 'say', 'unsubscribe', 'subscribe']) {
    live.socket.emit(name, { a: 1 }, null, [], 7)
    live.socket.emit(name, { toString: null, valueOf: null }, [[{ toString: 1 }]])
  }
  expect((await connected({ browser: ann })).socket.connected).toBe(true)
})

test("a team's events, one deployment and who is there arrive as they happen", { timeout: 60_000 }, async () => {
  const [one, two] = [await connected({ browser: ann }), await connected({ token, origin: null })]
  await one.subscribe('team', 'team', { team: 'demo' })
  const { deploymentId } = await (await stand.withToken(token)).deployments.restart(at)
  expect(await one.subscribe('it', 'deployment', { team: 'demo', deploymentId })).toEqual({ ok: true })
  await eventually(() => (one.items.it ?? []).some((state) => (state as { state: string }).state === 'live'))
  expect((one.items.team ?? []).some((event) => (event as { type: string }).type === 'deployment')).toBe(true)
  await one.subscribe('p', 'presence', at)
  await two.subscribe('p', 'presence', at)
  two.socket.emit('say', 'p', { path: 'index.ts', editing: true })
  const last = () => (one.items.p?.at(-1) ?? []) as { path: string | null; editing: boolean }[]
  await eventually(() => last().some(({ path, editing }) => path === 'index.ts' && editing))
  two.socket.disconnect()
  await eventually(() => last().length === 1)
})

test(
  'what happened between a page and its listening comes first, and what is not known any more is fetched again',
  { timeout: 60_000 },
  async () => {
    const as = await stand.withToken(token)
    const mark = stand.live.mark()
    const { deploymentId } = await as.deployments.restart(at)
    await eventually(() => stand.live.mark() !== mark)
    await eventually(async () => (await as.deployments.get({ team: 'demo', deploymentId })).state === 'live')
    const late = await connected({ browser: ann })
    await late.subscribe('t', 'team', { team: 'demo', since: mark })
    await eventually(() => (late.items.t ?? []).some((event) => JSON.stringify(event).includes(deploymentId)))
    expect(late.told).not.toContain('resync')
    await late.subscribe('u', 'team', { team: 'demo', since: 'another-process.1' })
    await eventually(() => late.told.includes('resync'))
  },
)

test(
  "a command's output comes back apart and whole, its input goes in, and it ends with how it ended",
  { timeout: 60_000 },
  async () => {
    const live = await connected({ token, origin: null })
    expect(
      await live.subscribe('e', 'exec', { ...at, command: ['sh', '-c', 'echo out; echo err >&2; cat; exit 7'] }),
    ).toEqual({ ok: true })
    await live.socket.emitWithAck('write', 'e', Buffer.from('typed'))
    await live.socket.emitWithAck('write', 'e', Buffer.alloc(0))
    await eventually(() => 'e' in live.ended)
    expect([live.text['e output'], live.text['e error'], live.items.e, live.ended.e]).toEqual([
      'out\ntyped',
      'err\n',
      [{ exitCode: 7, signal: null }],
      null,
    ])
  },
)

test('who does not read stops the program instead of filling our memory', { timeout: 60_000 }, async () => {
  const live = await connected({ token, origin: null, hold: 'e' })
  await live.subscribe('e', 'exec', { ...at, command: ['sh', '-c', 'yes 0123456789012345678901234567890123456789'] })
  await eventually(() => (live.text['e output'] ?? '').length > 0)
  const before = process.memoryUsage().rss
  const bytes = live.text['e output']?.length ?? 0
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(live.text['e output']?.length).toBe(bytes)
  expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20)
})

test(
  "logs and a team's events go on after the runtime was killed, and a terminal says what became of it",
  { timeout: 90_000 },
  async () => {
    const live = await connected({ token, origin: null })
    const as = await stand.withToken(token)
    await live.subscribe('t', 'team', { team: 'demo' })
    expect(
      await live.subscribe('l', 'logs', { team: 'demo', environment: 'production', services: ['hello'], last: 10 }),
    ).toEqual({ ok: true })
    const { terminalId } = await as.terminals.open({ ...at, size: { cols: 80, rows: 24 } })
    expect(await live.subscribe('tty', 'terminal', { ...at, terminalId })).toEqual({ ok: true })
    await live.socket.emitWithAck('write', 'tty', Buffer.from('echo $((6 * 7)); echo said by hand > /proc/1/fd/1\n'))
    await eventually(() => (live.text['tty output'] ?? '').includes('42'))
    await stand.runtime.killAndStartAgain()
    await eventually(() => live.told.includes('resync'))
    await eventually(async () => (await as.services.get(at)).state === 'live')
    const before = live.items.t?.length ?? 0
    await as.variables.set({ ...at, name: 'A', value: '1' })
    const { deploymentId } = await as.deployments.restart(at)
    await eventually(async () => (await as.deployments.get({ team: 'demo', deploymentId })).state === 'live')
    await eventually(() => (live.items.t?.length ?? 0) > before)
    expect(live.ended).not.toHaveProperty('l')
    expect(live.ended.tty?.code ?? 'not_found').toBe('not_found')
    const seqs = (live.items.l ?? []).flatMap((entry) =>
      'seq' in (entry as object) ? [(entry as { seq: number }).seq] : [],
    )
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
  },
)

test(
  'a service that is renamed while its log is followed: no line comes twice when the runtime was killed, nor when a viewer goes on by the former name',
  { timeout: 90_000 },
  async () => {
    const as = await stand.withToken(token)
    const lines = (live: Awaited<ReturnType<typeof connected>>) =>
      (live.items.l ?? []).flatMap((entry) => ('seq' in (entry as object) ? [(entry as { seq: number }).seq] : []))
    const live = await connected({ token, origin: null })
    expect(
      await live.subscribe('l', 'logs', { team: 'demo', environment: 'production', services: ['hello'], last: 10 }),
    ).toEqual({ ok: true })
    await eventually(() => lines(live).length > 2)
    const known = lines(live)
    await as.services.rename({ team: 'demo', service: 'hello', name: 'greeter' })
    const renamed = { ...at, service: 'greeter' }
    try {
      await stand.runtime.killAndStartAgain()
      await eventually(async () => (await as.services.get(renamed)).state === 'live')
      await as.deployments.restart(renamed)
      await eventually(() => (lines(live).at(-1) ?? 0) > (known.at(-1) ?? 0))
      expect(lines(live)).toEqual([...new Set(lines(live))])
      const again = await connected({ token, origin: null })
      expect(
        await again.subscribe('l', 'logs', {
          team: 'demo',
          environment: 'production',
          services: ['hello'],
          last: 0,
          after: { 'hello/production': known.at(-1) },
        }),
      ).toEqual({ ok: true })
      await eventually(() => lines(again).length > 0)
      expect(Math.min(...lines(again))).toBeGreaterThan(known.at(-1) ?? 0)
    } finally {
      await as.services.rename({ team: 'demo', service: 'greeter', name: 'hello' })
    }
  },
)

test('subscriptions to an environment that is deleted end, others go on', async () => {
  const as = await stand.withToken(token)
  await as.environments.create({ team: 'demo', name: 'short', kind: 'shared' })
  const live = await connected({ token, origin: null })
  const short = { ...at, environment: 'short' }
  expect(await live.subscribe('logs', 'logs', { team: 'demo', environment: 'short', services: [] })).toEqual({
    ok: true,
  })
  expect(await live.subscribe('here', 'presence', short)).toEqual({ ok: true })
  expect(await live.subscribe('other', 'presence', at)).toEqual({ ok: true })
  await as.environments.delete({ team: 'demo', environment: 'short' })
  await eventually(() => live.ended.logs !== undefined && live.ended.here !== undefined)
  expect([live.ended.logs?.code, live.ended.here?.code, live.ended.other]).toEqual([
    'environment_gone',
    'environment_gone',
    undefined,
  ])
})

test('a packet that is nested too deep, or of nothing but values, closes its own connection only', async () => {
  const bystander = await connected({ token, origin: null })
  let nested: unknown = 1
  for (let n = 0; n < 1_000; n++) nested = [nested]
  for (const input of [nested, Array.from({ length: 5_000 }, () => ({}))]) {
    const live = await connected({ token, origin: null })
    live.socket.emit('subscribe', 'x', 'team', input, () => {})
    await eventually(() => live.told.includes('disconnect'))
  }
  const anonymous = open({ token: nested as string, origin: null })
  await eventually(() => anonymous.told.some((one) => one === 'connect_error' || one === 'disconnect'))
  expect(await bystander.subscribe('t', 'team', { team: 'demo' })).toEqual({ ok: true })
})

test('a client that writes without waiting for what its program takes is disconnected', async () => {
  const live = await connected({ token, origin: null })
  expect(await live.subscribe('x', 'exec', { ...at, command: ['sleep', '60'], tty: null })).toEqual({ ok: true })
  for (let n = 0; n < 200; n++) live.socket.emit('write', 'x', Buffer.alloc(256 << 10), () => {})
  await eventually(() => live.told.includes('disconnect'))
})

test('a client without a sign-in that floods tiny frames is cut off after a few, and holds up nobody', async () => {
  const bystander = await connected({ token, origin: null })
  const { port } = stand.settings
  const floods = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', () => {})
      socket.write(
        `GET /live/?EIO=4&transport=websocket HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
          'sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n',
      )
      await new Promise((resolve) => socket.once('data', (d) => resolve(d)))
      return socket
    }),
  )
  const closed = floods.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  // A masked text frame of one byte: a packet of engine.io that says nothing.
  const frame = Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x36])
  const flood = Buffer.concat(Array.from({ length: 50_000 }, () => frame))
  const began = performance.now()
  for (const socket of floods) socket.write(flood)
  expect(await bystander.subscribe('t', 'team', { team: 'demo' })).toEqual({ ok: true })
  expect(performance.now() - began).toBeLessThan(1_500)
  await Promise.all(closed)
})

test('sockets and subscriptions are limited: of whom nobody knows, of one connection', async () => {
  const live = await connected({ token, origin: null })
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      live.subscribe(`l${n}`, 'logs', { team: 'demo', environment: 'production', services: [] }),
    ),
  )
  expect(answers.filter(({ ok }) => ok)).toHaveLength(10)
  const { port } = stand.settings
  const strangers = Array.from(
    { length: 60 },
    () => new WebSocket(`ws://127.0.0.1:${port}/live/?EIO=4&transport=websocket`),
  )
  const outcomes: string[] = []
  for (const one of strangers) {
    one.addEventListener('open', () => outcomes.push('open'))
    one.addEventListener('error', () => outcomes.push('refused'))
  }
  await eventually(() => outcomes.length === 60)
  expect(outcomes.filter((one) => one === 'open')).toHaveLength(50)
  for (const one of strangers) one.close()
})
