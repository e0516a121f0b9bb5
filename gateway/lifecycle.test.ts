import { Client } from '@m3o/m3o-node'
import { once } from 'node:events'
import { existsSync, rmSync, statSync } from 'node:fs'
import { Agent, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { PlatformError } from '#contract/errors.ts'
import { portOf, raw, type Stand, startStand } from './testing/stand.ts'

const stands: Stand[] = []
afterEach(async () => {
  for (const stand of stands.splice(0)) await stand.close()
})
async function begin(options: Parameters<typeof startStand>[0] = {}) {
  const stand = await startStand(options)
  stands.push(stand)
  return stand
}
const open = { audience: { kind: 'anyone' } } as const
const get = (stand: Stand, host: string, patienceMs?: number) =>
  raw(
    stand.gateway.port,
    `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    patienceMs === undefined ? {} : { patienceMs },
  )

function ask(stand: Stand, agent: Agent, method: string): Promise<string> {
  return new Promise((resolve) => {
    const body = method === 'POST' ? 'x'.repeat(500) : ''
    const sent = httpRequest(
      {
        host: '127.0.0.1',
        port: stand.gateway.port,
        path: '/x',
        agent,
        method,
        headers: { host: 'app--demo.localhost', 'content-length': body.length },
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        answer
          .once('end', () => resolve(answer.statusCode === 200 ? text : `${answer.statusCode} ${text}`))
          .once('error', (error) => resolve(String(error)))
      },
    )
    sent.on('error', (error) => resolve(String(error)))
    sent.end(body)
  })
}

test('instances are swapped under load, each drained and ended, and no request is lost', async () => {
  const stand = await begin()
  const app = stand.service('app', open)
  const instance = (name: number) =>
    stand.upstream((request, response) => {
      let size = 0
      request
        .on('data', (part: Buffer) => {
          size += part.length
        })
        .once('end', () => setTimeout(() => response.end(`${name}`), size > 0 ? 5 : 1))
    })
  let old: Server = await instance(0)
  stand.release(app, 'e_production', [old])
  await stand.publish()
  const agent = new Agent({ keepAlive: true })
  const answers: string[] = []
  let stopping = false
  const callers = Array.from({ length: 16 }, async (_, at) => {
    while (!stopping) answers.push(await ask(stand, agent, at % 2 === 0 ? 'GET' : 'POST'))
  })
  let version = 1
  for (let swap = 1; swap <= 12; swap++) {
    const next = await instance(swap)
    stand.release(app, 'e_production', [next])
    await stand.control.call('routes.apply', {
      version: ++version,
      epoch: stand.table.epoch,
      releases: { [`e_production/${app}`]: stand.table.releases[`e_production/${app}`] ?? null },
    })
    const drained = await stand.control.call('instances.drain', {
      instanceId: `i_${portOf(old)}`,
      timeoutMs: 5000,
      closeSocketsAfterMs: 5000,
    })
    expect(drained.idle).toBe(true)
    await new Promise((resolve) => {
      old.close(resolve)
      old.closeAllConnections()
    })
    old = next
    await expect
      .poll(() => answers.filter((answer) => answer === `${swap}`).length, { interval: 1, timeout: 5_000 })
      .toBeGreaterThan(16)
  }
  stopping = true
  await Promise.all(callers)
  agent.destroy()
  expect(answers.filter((answer) => !/^\d+$/.test(answer))).toEqual([])
})

test('a service that drops idle connections early loses no request, not even those that cannot be repeated', async () => {
  const stand = await begin()
  const server = await stand.upstream(
    (request, response) => request.resume().once('end', () => response.end('1')),
    (made) => {
      made.keepAliveTimeout = 1
    },
  )
  stand.release(stand.service('app', open), 'e_production', [server])
  await stand.publish()
  const agent = new Agent({ keepAlive: true })
  for (let i = 0; i < 60; i++) {
    expect(await ask(stand, agent, i % 2 === 0 ? 'POST' : 'GET')).toBe('1')
    if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, i * 2))
  }
  agent.destroy()
}, 20_000)

test('websockets pass, are counted, and are told of the restart with 1012 when their instance drains', async () => {
  const stand = await begin()
  const server = await stand.upstream((_, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) =>
    socket.on('message', (data) => socket.send(`echo ${String(data)}`.repeat(20_000))),
  )
  stand.release(stand.service('app', open), 'e_production', [server])
  await stand.publish()
  const client = new WebSocket(`ws://127.0.0.1:${stand.gateway.port}/ws`, { headers: { host: 'app--demo.localhost' } })
  const heard = new Promise((resolve) => client.once('message', (data) => resolve(String(data).length)))
  client.once('open', () => client.send('hi'))
  expect(await heard).toBe(140_000)
  const instanceId = `i_${portOf(server)}`
  expect(await stand.control.call('instances.busy', { instanceIds: [instanceId, 'i_x'] })).toEqual({
    [instanceId]: { requests: 0, sockets: 1 },
    i_x: { requests: 0, sockets: 0 },
  })
  const closed = new Promise((resolve) => client.once('close', resolve))
  // Under way while it drains: the close waits for its frame's end.
  client.send('again')
  expect(await stand.control.call('instances.drain', { instanceId, timeoutMs: 5000, closeSocketsAfterMs: 20 })).toEqual(
    { idle: true },
  )
  expect(await closed).toBe(1012)
  sockets.close()
})

test('websockets live longer than calls may while their instance drains, and are told all the same', async () => {
  const stand = await begin()
  const server = await stand.upstream((_, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({ server })
  stand.release(stand.service('app', open), 'e_production', [server])
  await stand.publish()
  const client = new WebSocket(`ws://127.0.0.1:${stand.gateway.port}/ws`, { headers: { host: 'app--demo.localhost' } })
  await new Promise((resolve) => client.once('open', resolve))
  const closed = new Promise((resolve) => client.once('close', resolve))
  const began = performance.now()
  expect(
    await stand.control.call('instances.drain', {
      instanceId: `i_${portOf(server)}`,
      timeoutMs: 20,
      closeSocketsAfterMs: 300,
    }),
  ).toEqual({ idle: true })
  expect(performance.now() - began).toBeGreaterThan(290)
  expect(await closed).toBe(1012)
  sockets.close()
})

test.each([
  ['read here, waits for it', ''],
  ['read by node:http, is passed over, and what follows is no request', 'X-A: a\tb\r\n'],
])('an upgrade behind a request that is still being answered, %s', async (_, odd) => {
  const stand = await begin()
  let answered = false
  const upstream = await stand.upstream(
    (request, response) => {
      const answer = () => response.end(`${request.url} `)
      if (request.url === '/slow')
        setTimeout(() => {
          answered = true
          answer()
        }, 50)
      else answer()
    },
    (server) =>
      server.on('upgrade', (_request, socket) => {
        socket
          .resume()
          .end(
            `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${answered ? 'after' : 'before'}`,
          )
      }),
  )
  stand.release(stand.service('app', open), 'e_production', [upstream])
  await stand.publish()
  const answer = await raw(
    stand.gateway.port,
    `GET /slow HTTP/1.1\r\nHost: app--demo.localhost\r\n${odd}\r\nGET /socket HTTP/1.1\r\nHost: app--demo.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: app--demo.localhost\r\n\r\n`,
    { patienceMs: 600 },
  )
  expect(answer).toMatch(
    odd === ''
      ? /^HTTP\/1\.1 200[^]*\/slow HTTP\/1\.1 101 [^]*after$/
      : /^HTTP\/1\.1 200[^]*\/slow HTTP\/1\.1 200[^]*Connection: close[^]*\/socket $/,
  )
})

test('when the gateway itself ends, websockets are told, and what is under way is answered', async () => {
  const stand = await begin()
  const app = stand.service('app', open)
  const upstream = await stand.upstream(
    (request, response) => void setTimeout(() => response.end('late'), request.url === '/slow' ? 400 : 0),
  )
  new WebSocketServer({ server: upstream })
  stand.release(app, 'e_production', [upstream])
  await stand.publish()
  const socket = new WebSocket(`ws://127.0.0.1:${stand.gateway.port}/`, { headers: { host: 'app--demo.localhost' } })
  await once(socket, 'open')
  const closed = once(socket, 'close')
  const slow = raw(stand.gateway.port, 'GET /slow HTTP/1.1\r\nHost: app--demo.localhost\r\n\r\n')
  await expect
    .poll(
      async () =>
        (await stand.control.call('instances.busy', { instanceIds: [`i_${portOf(upstream)}`] }))[
          `i_${portOf(upstream)}`
        ],
    )
    .toEqual({ requests: 1, sockets: 1 })
  await stand.gateway.close()
  expect((await closed)[0]).toBe(1012)
  expect(await slow).toMatch(/Connection: close[^]*late$/)
})

test("an upgrade that a service refuses is a plain answer, and HTTP/2's offer is not passed on", async () => {
  const stand = await begin()
  const heard: (string | undefined)[] = []
  const server = await stand.upstream((request, response) => {
    heard.push(request.headers.upgrade)
    response.end('plain')
  })
  stand.release(stand.service('app', open), 'e_production', [server])
  await stand.publish()
  const ask = (upgrade: string) =>
    raw(
      stand.gateway.port,
      `GET / HTTP/1.1\r\nHost: app--demo.localhost\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`,
      { patienceMs: 300 },
    )
  expect(await ask('websocket')).toMatch(/^HTTP\/1.1 200[^]*plain/)
  expect(await ask('h2c')).toMatch(/^HTTP\/1.1 200[^]*plain/)
  expect(heard).toEqual(['websocket', undefined])
})

test('the official client calls and streams', async () => {
  const stand = await begin()
  const server = await stand.upstream(async (request, response) => {
    let body = ''
    for await (const part of request) body += String(part)
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ path: request.url, message: `Hello ${JSON.parse(body).name}` }))
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) =>
    socket.once('message', (data) => {
      for (let n = 0; n < JSON.parse(String(data)).count; n++) socket.send(JSON.stringify({ n }))
    }),
  )
  stand.release(stand.service('greeter'), 'e_production', [server])
  stand.token('m3o_official')
  await stand.publish()
  const client = new Client({ token: 'm3o_official', address: `${stand.base}/` })
  expect(await client.call('greeter', 'Hello', { name: 'Zoë' })).toEqual({ path: '/Hello', message: 'Hello Zoë' })
  await expect(client.call('nobody', 'Hello', {})).rejects.toMatchObject({
    code: 404,
    status: 'Not Found',
    detail: 'service nobody does not exist',
  })
  await expect(
    new Client({ token: 'm3o_wrong', address: `${stand.base}/` }).call('greeter', 'Hello', {}),
  ).rejects.toMatchObject({ code: 401 })
  const stream = await client.stream('greeter', 'Count', { count: 3 })
  const got: unknown[] = []
  stream.onMessage((message: unknown) => got.push(message))
  await expect.poll(() => got).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }])
  ;(stream as unknown as { conn: WebSocket }).conn.close()
  sockets.close()
})

test('a sleeping service is woken once for all who call, and what cannot wake says why', async () => {
  let asked = 0
  let wake: () => Promise<void> = async () => {}
  const stand = await begin({
    wake: async () => {
      asked++
      await wake()
    },
  })
  const server = await stand.upstream((_, response) => response.end('awake'))
  const app = stand.service('app', open)
  stand.release(app, 'e_production', [server])
  const key = `e_production/${app}`
  const live = stand.table.releases[key]!
  const asleep = { ...live, state: 'asleep' as const, instances: [] }
  stand.table.releases[key] = asleep
  await stand.publish()
  wake = async () => {
    await stand.control.call('routes.apply', { version: 2, epoch: stand.table.epoch, releases: { [key]: live } })
  }
  const answers = await Promise.all(Array.from({ length: 20 }, () => get(stand, 'app--demo.localhost')))
  expect(answers.every((answer) => answer.endsWith('awake'))).toBe(true)
  expect(asked).toBe(1)
  await stand.publish()
  wake = async () => {
    throw new PlatformError('unavailable', 'its start failed: exit code 3')
  }
  expect(await get(stand, 'app--demo.localhost')).toMatch(/^HTTP\/1.1 503[^]*retry-after[^]*exit code 3/i)
  // The runtime is away, then back.
  let tries = 0
  wake = async () => {
    if (tries++ === 0) throw new PlatformError('unavailable', 'away', {}, { cause: new Error('ECONNREFUSED') })
    await stand.control.call('routes.apply', { version: 2, epoch: stand.table.epoch, releases: { [key]: live } })
  }
  expect(await get(stand, 'app--demo.localhost', 4000)).toMatch(/awake$/)
  for (const [state, words] of [
    ['stopped', 'ann stopped it'],
    ['failed', 'it crashed five times'],
  ] as const) {
    stand.table.releases[key] = { ...asleep, state, reason: words }
    await stand.publish()
    expect(await get(stand, 'app--demo.localhost')).toMatch(new RegExp(`^HTTP/1.1 503[^]*${words}`))
  }
})

test('it notices that another has taken its place, as it must where nobody is left to say so', async () => {
  const first = await begin()
  const second = await startStand({ home: first.home })
  await first.gateway.succeeded
  expect(await Promise.race([second.gateway.succeeded.then(() => 'succeeded'), Promise.resolve('serves')])).toBe(
    'serves',
  )
  await second.close({ keepHome: true })
})

test("what it knew is served again after a restart, before anybody tells it more, and is nobody else's to read", async () => {
  const first = await startStand()
  const server = await first.upstream((_, response) => response.end('still here'))
  first.release(first.service('app', open), 'e_production', [server])
  await first.publish()
  const file = join(first.home, 'run', 'routes.json')
  await expect.poll(() => existsSync(file)).toBe(true)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(join(first.home, 'keys', 'gateway.key')).mode & 0o777).toBe(0o600)
  expect(statSync(join(first.home, 'run', 'gateway.sock')).mode & 0o777).toBe(0o600)
  first.control.close()
  await first.gateway.close(100)
  const second = await startStand({ home: first.home })
  expect(await get(second, 'app--demo.localhost')).toMatch(/still here$/)
  expect(await second.control.call('routes.version', {})).toEqual({ version: 1, epoch: first.table.epoch })
  await expect(second.control.call('routes.apply', { version: 5, epoch: first.table.epoch })).rejects.toMatchObject({
    code: 'conflict',
  })
  await second.close({ keepHome: true })
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
  rmSync(first.home, { recursive: true })
})

test('before it was told anything it says so, and guesses nothing', async () => {
  const stand = await begin()
  expect(await get(stand, 'app--demo.localhost')).toMatch(
    /^HTTP\/1.1 503[^]*retry-after: 1[^]*the platform is starting/i,
  )
})

test('requests are counted by service, environment and caller, and whoever watches hears of changes', async () => {
  const stand = await begin()
  const server = await stand.upstream((request, response) =>
    response.writeHead(request.url === '/bad' ? 500 : 200).end(),
  )
  const app = stand.service('app', open)
  stand.release(app, 'e_production', [server])
  await stand.publish()
  await get(stand, 'app--demo.localhost')
  const watch = stand.control.stream('traffic.watch', {})
  expect((await watch.next()).value?.counts).toMatchObject([
    { serviceId: app, environmentId: 'e_production', caller: 'anyone', requests: 1, errors: 0 },
  ])
  const next = watch.next()
  await raw(stand.gateway.port, 'GET /bad HTTP/1.1\r\nHost: app--demo.localhost\r\nConnection: close\r\n\r\n')
  expect((await next).value?.counts).toMatchObject([{ requests: 2, errors: 1, inFlight: 0 }])
  await watch.return()
})

test('what is under way is counted until it has ended, however that is: answered on a kept connection, refused, given up, or an upgrade', async () => {
  const stand = await begin()
  const held: ServerResponse[] = []
  const server = await stand.upstream((request, response) =>
    request.url === '/held' ? void held.push(response) : response.end('said'),
  )
  const app = stand.service('app', open)
  const dead = stand.service('dead', open)
  stand.release(app, 'e_production', [server])
  await stand.publish()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const asked = (path: string) =>
    httpRequest({ port: stand.gateway.port, host: '127.0.0.1', path, agent, headers: { host: 'app--demo.localhost' } })
  const inFlight = async () => {
    const watch = stand.control.stream('traffic.watch', {})
    const counts = (await watch.next()).value?.counts ?? []
    await watch.return()
    return counts
      .filter(({ serviceId }) => serviceId === app || serviceId === dead)
      .reduce((sum, count) => sum + count.inFlight, 0)
  }
  for (let n = 0; n < 3; n++) {
    const [answer] = (await once(asked('/').end(), 'response')) as [IncomingMessage]
    await once(answer.resume(), 'end')
  }
  expect(await inFlight()).toBe(0)
  const waiting = asked('/held')
    .on('error', () => {})
    .end()
  await expect.poll(inFlight).toBe(1)
  waiting.destroy()
  await expect.poll(inFlight).toBe(0)
  expect(await get(stand, 'dead--demo.localhost')).toMatch(/^HTTP\/1.1 [45]/)
  expect(await inFlight()).toBe(0)
  agent.destroy()
})

test('it also listens where the table says, as soon as that is possible, and no longer than that', async () => {
  const stand = await begin()
  const server = await stand.upstream((_, response) => response.end('inside'))
  stand.release(stand.service('app', open), 'e_production', [server])
  const blocker = await stand.upstream(() => {})
  const port = portOf(blocker)
  stand.table.listeners.t_demo = { teamId: 't_demo', address: '127.0.0.1', port }
  await stand.publish()
  await new Promise((resolve) => blocker.close(resolve))
  const ask = () => raw(port, 'GET / HTTP/1.1\r\nHost: app--demo.localhost\r\nConnection: close\r\n\r\n').catch(String)
  await expect.poll(ask, { timeout: 3000 }).toMatch(/inside$/)
  stand.table.listeners = {}
  await stand.publish()
  await expect.poll(ask).toMatch(/ECONNREFUSED/)
})
