import { request } from 'node:http'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser } from '../testing/browser.ts'
import { eventually, startStand, type Stand } from '../testing/stand.ts'

let stand: Stand
let owner: ReturnType<Stand['as']>
const password = 'correct horse'
const at = { team: 'demo', environment: 'production', service: 'hello' }
const host = () => `hello--demo.localhost:${stand.gatewayPort}`

beforeAll(async () => {
  stand = await startStand()
  const { person } = await stand.web.setup.run(stand.setupCode, { email: 'ann@example.com', name: 'Ann', password })
  owner = stand.as(await stand.viewerOf(person))
  await owner.services.create({ team: 'demo', name: 'hello', template: 'hello' })
  const { deploymentId } = await owner.deployments.start({ ...at, what: { draft: {} } })
  await eventually(async () => (await owner.deployments.get({ team: 'demo', deploymentId })).state === 'live')
}, 90_000)
afterAll(async () => stand[Symbol.asyncDispose]())

interface Held {
  browser: Browser
  userId: string
  socket: Socket
  ended: Record<string, string | null>
  output: () => string
  terminalId: string
  token: string
  cookie: string
}

/** Somebody with everything open that can be: a socket with events and logs, a terminal, a command, a token, a service's own host. */
async function joined(name: string): Promise<Held> {
  const person = await stand.web.people.create({ email: `${name}@example.com`, name, password, operator: false })
  const { link } = await owner.invitations.create({ team: 'demo', email: person.email, role: 'developer' })
  const browser = stand.browser()
  await browser.signIn(person.email, password)
  await browser.mutate('invitations.accept', { secret: link.split('/').at(-1) })
  const socket = io(stand.settings.url, {
    path: '/live',
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    extraHeaders: { cookie: browser.cookie, origin: stand.settings.url },
  })
  const ended: Held['ended'] = {}
  let output = ''
  socket.on('items', (_id: string, _items: unknown[], ack: () => void) => ack())
  socket.on('bytes', (_id: string, _kind: string, bytes: Uint8Array, ack: () => void) => {
    output += Buffer.from(bytes).toString()
    ack()
  })
  socket.on('end', (id: string, error: { code: string } | null) => {
    ended[id] = error?.code ?? null
  })
  socket.on('signedOut', () => {
    ended.socket = 'signedOut'
  })
  const subscribe = (id: string, topic: string, input: unknown) =>
    new Promise((resolve) => socket.emit('subscribe', id, topic, input, resolve))
  const { terminalId } = (await browser.mutate('terminals.open', { ...at, size: { cols: 80, rows: 24 } })).data as {
    terminalId: string
  }
  for (const [id, topic, input] of [
    ['team', 'team', { team: 'demo' }],
    ['logs', 'logs', { team: 'demo', environment: 'production', services: [] }],
    ['terminal', 'terminal', { ...at, terminalId }],
    ['exec', 'exec', { ...at, command: ['sh', '-c', 'while :; do echo still here; sleep 0.1; done'] }],
  ] as const)
    expect(await subscribe(id, topic, input), id).toEqual({ ok: true })
  await eventually(() => output.includes('still here'))
  const { token } = (await browser.mutate('tokens.create', { team: 'demo', name: 'mine' })).data as { token: string }
  return {
    browser,
    userId: person.id,
    socket,
    ended,
    output: () => output,
    terminalId,
    token,
    cookie: await handedOver(browser),
  }
}

/** Signed in to the service's own host, as a browser is that opens it. */
async function handedOver(browser: Browser): Promise<string> {
  const cookieOf = ({ headers }: { headers: NodeJS.Dict<string | string[]> }) =>
    String(headers['set-cookie']).split(';')[0] ?? ''
  const begun = await atHost('/_m3o/handover', {})
  const console = new URL(String(begun.headers['location']))
  const answer = await browser.fetch(`${console.pathname}${console.search}`)
  const to = new URL(answer.headers.get('location') ?? '')
  return cookieOf(await atHost(`${to.pathname}${to.search}`, { cookie: cookieOf(begun) }))
}

function atHost(
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: stand.gatewayPort, path, headers: { host: host(), ...headers } }, (answer) => {
      answer.resume().once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers }))
    })
      .once('error', reject)
      .end()
  })
}

/** By the service itself, whether it has such a page or not. */
const answered = [200, 404]
const opens = async ({ cookie }: Held) =>
  (await atHost('/health', { cookie: cookie, 'sec-fetch-site': 'same-origin' })).status
const calls = async ({ token }: Held) =>
  (
    await fetch(`http://127.0.0.1:${stand.gatewayPort}/v1/hello/Hello`, {
      method: 'POST',
      body: '{"name":"x"}',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })
  ).status
/** What is open by it still says something. */
async function isQuiet({ output }: Held): Promise<boolean> {
  const before = output().length
  await new Promise((resolve) => setTimeout(resolve, 400))
  return output().length === before
}

test(
  'who is removed from a team has nothing of it any more, at once, whatever was open',
  { timeout: 60_000 },
  async () => {
    const bob = await joined('bob')
    expect(await calls(bob)).toBe(200)
    expect(answered).toContain(await opens(bob))
    await owner.members.remove({ team: 'demo', userId: bob.userId })
    const removedAt = performance.now()
    await eventually(() => ['team', 'logs', 'terminal', 'exec'].every((id) => id in bob.ended))
    // By what happened, not when everything is looked at again after a while.
    expect(performance.now() - removedAt).toBeLessThan(10_000)
    expect(bob.ended).toMatchObject({ team: 'not_found', logs: 'not_found', exec: 'not_found' })
    expect(await isQuiet(bob)).toBe(true)
    await eventually(async () => (await calls(bob)) !== 200)
    await eventually(async () => !answered.includes(await opens(bob)))
    expect((await bob.browser.query('services.get', at)).error?.code).toBe('not_found')
    // The shell itself has ended, and waits for nobody.
    const back = await owner.invitations.create({ team: 'demo', email: 'bob@example.com', role: 'developer' })
    await bob.browser.mutate('invitations.accept', { secret: back.link.split('/').at(-1) })
    expect((await bob.browser.query('terminals.list', at)).data).toEqual([])
    bob.socket.disconnect()
  },
)

test(
  'who becomes a viewer keeps what viewers see, and loses terminals and commands at once',
  { timeout: 60_000 },
  async () => {
    const carl = await joined('carl')
    await owner.members.setRole({ team: 'demo', userId: carl.userId, role: 'viewer' })
    await eventually(() => 'terminal' in carl.ended && 'exec' in carl.ended)
    expect(carl.ended.exec).toBe('forbidden')
    expect(await isQuiet(carl)).toBe(true)
    expect(carl.ended).not.toHaveProperty('team')
    expect(carl.ended).not.toHaveProperty('logs')
    await owner.members.setRole({ team: 'demo', userId: carl.userId, role: 'developer' })
    expect((await carl.browser.query('terminals.list', at)).data).toEqual([])
    carl.socket.disconnect()
  },
)

test(
  'a session that ends closes its sockets and what it was handed over to, and leaves other sessions',
  { timeout: 60_000 },
  async () => {
    const dora = await joined('dora')
    const other = stand.browser()
    await other.signIn('dora@example.com', password)
    const kept = { ...dora, cookie: await handedOver(other) }
    await dora.browser.signOut()
    await eventually(() => dora.ended.socket === 'signedOut' && dora.socket.disconnected)
    expect(await isQuiet(dora)).toBe(true)
    await eventually(async () => !answered.includes(await opens(dora)))
    expect(answered).toContain(await opens(kept))
    expect((await dora.browser.query('person.me')).error?.code).toBe('unauthenticated')
  },
)

test(
  'what a session was handed over to ends also when web was killed before it could say so',
  { timeout: 60_000 },
  async () => {
    const browser = stand.browser()
    await browser.signIn('dora@example.com', password)
    const cookie = await handedOver(browser)
    expect(answered).toContain((await atHost('/health', { cookie, 'sec-fetch-site': 'same-origin' })).status)
    const sessions = (await browser.query('person.sessions')).data as { id: string; current: boolean }[]
    await stand.endUnsaid(sessions.find(({ current }) => current)?.id ?? '')
    await eventually(
      async () => !answered.includes((await atHost('/health', { cookie, 'sec-fetch-site': 'same-origin' })).status),
    )
  },
)

test('who had an account before its address was proved has nothing of it any more', { timeout: 60_000 }, async () => {
  const fred = await joined('fred')
  expect(await calls(fred)).toBe(200)
  await stand.browser().mutate('signIn.requestReset', { email: 'fred@example.com' })
  const [message] = (await stand.web.messages.waiting()).filter(({ email }) => email === 'fred@example.com')
  const { link } = await stand.web.messages.show(message?.id ?? '')
  expect(
    (await stand.browser().mutate('signIn.reset', { code: link.split('#').at(-1), password: 'it is fred himself' }))
      .status,
  ).toBe(200)
  await eventually(() => fred.ended.socket === 'signedOut' && fred.socket.disconnected)
  expect(await isQuiet(fred)).toBe(true)
  await eventually(async () => (await calls(fred)) !== 200)
  await eventually(async () => !answered.includes(await opens(fred)))
  const own = stand.browser()
  await own.signIn('fred@example.com', 'it is fred himself')
  expect((await own.query('terminals.list', at)).data).toEqual([])
})

test('a team keeps an owner: the last one neither leaves, nor is removed, nor becomes less', async () => {
  const me = (await owner.members.list({ team: 'demo' })).find(({ role }) => role === 'owner') ?? expect.fail()
  const ofOwner = { team: 'demo', userId: me.person.id }
  await expect(owner.members.leave({ team: 'demo' })).rejects.toThrow('a team needs an owner')
  await expect(owner.members.remove(ofOwner)).rejects.toThrow('a team needs an owner')
  await expect(owner.members.setRole({ ...ofOwner, role: 'admin' })).rejects.toThrow('a team needs an owner')
  // Two who leave at the same moment are not both the last but one.
  const carl =
    (await owner.members.list({ team: 'demo' })).find(({ person }) => person.email === 'carl@example.com')?.person ??
    expect.fail()
  await owner.members.setRole({ team: 'demo', userId: carl.id, role: 'owner' })
  const his = stand.as(await stand.viewerOf(carl))
  const left = await Promise.allSettled([owner.members.leave({ team: 'demo' }), his.members.leave({ team: 'demo' })])
  expect(left.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('who signed in, how and from where, is in the audit', async () => {
  const person = await stand.web.people.create({ email: 'sig@example.com', name: 'Sig', password, operator: false })
  expect((await stand.browser().signIn(person.email, 'not the password')).status).toBe(401)
  await stand.browser().signIn(person.email, password)
  const rows = async () =>
    (await stand.audit()).filter(
      ({ action, target }) => action === 'person.signIn' && target === 'person sig@example.com',
    )
  await eventually(async () => (await rows()).length > 0)
  expect(await rows()).toMatchObject([
    {
      actor: { id: person.id, from: '127.0.0.1', sessionId: expect.any(String) as string },
      after: { method: 'password' },
    },
  ])
})
