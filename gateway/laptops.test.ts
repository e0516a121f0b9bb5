import { mkdirSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { laptopCalls, laptopFolder, laptopReady, laptopSocket } from '#contract/laptop-sockets.ts'
import { portOf, type Stand, startStand } from './testing/stand.ts'

let stand: Stand
let hello: string
let token: { authorization: string }
const open = new Set<Server | Socket>()
const id = 'laptop-ada-1234'

beforeEach(async () => {
  stand = await startStand()
  mkdirSync(join(stand.home, laptopFolder), { recursive: true })
  hello = stand.service('hello')
  stand.release(hello, 'e_production', [
    await stand.upstream((request, response) => {
      request.resume()
      request.on('end', () => response.end('beneath'))
    }),
  ])
  token = stand.token('m3o_x')
})
afterEach(async () => {
  for (const one of open)
    if ('close' in one) one.close()
    else one.destroy()
  open.clear()
  await stand.close()
})

/** What web is for a laptop: a socket that leads to a server here. */
async function web(run: number, lead: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => {})
    lead(socket)
  })
  open.add(server)
  await new Promise<void>((resolve) => server.listen(join(stand.home, laptopFolder, laptopSocket(id, run)), resolve))
  return server
}

async function laptop(run: number, text: string): Promise<Server> {
  const local = await stand.upstream((incoming, response) => {
    incoming.resume()
    incoming.on('end', () => response.end(`${text} ${incoming.method}`))
  })
  return web(run, (socket) => {
    const far = connect({ port: portOf(local), host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.write(Buffer.from([laptopReady]))
      socket.pipe(far).pipe(socket)
    })
    far.on('error', () => socket.destroy())
  })
}

const place = (environmentId: string, run = 1) => {
  stand.table.laptops[`${environmentId}/${hello}`] = {
    environmentId,
    serviceId: hello,
    instanceId: id,
    run,
    by: "Ada's laptop",
  }
}

const call = async (method = 'GET', environment = 'production') => {
  const answer = await fetch(`${stand.base}/v1/hello/x`, {
    method,
    headers: { ...token, 'm3o-environment': environment },
    ...(method === 'POST' && { body: 'a body' }),
  })
  return `${await answer.text()} | ${answer.headers.get('m3o-served-by')}`
}

test('a laptop stands before what is deployed there, and for those who inherit from there', async () => {
  stand.environment('alice', 'e_production')
  stand.environment('bob', 'e_alice')
  place('e_alice')
  await laptop(1, 'laptop')
  await stand.publish()
  expect(await call('POST')).toBe('beneath | hello@abc1234 production')
  expect(await call('POST', 'alice')).toBe('laptop POST | hello@laptop alice')
  expect(await call('GET', 'bob')).toBe('laptop GET | hello@laptop alice')
})

test('one that cannot be reached is passed over at once, whatever the call is', async () => {
  place('e_production')
  await stand.publish()
  const begun = performance.now()
  expect(await call('POST')).toBe('beneath | hello@abc1234 production')
  expect(performance.now() - begun).toBeLessThan(1000)
})

test('a connection that never led to the process has lost nothing', async () => {
  place('e_production')
  await web(1, (socket) => setTimeout(() => socket.destroy(), 20))
  await stand.publish()
  expect(await call('POST')).toBe('beneath | hello@abc1234 production')
})

test('a call that may have reached it is not made again, and says where it ended', async () => {
  place('e_production')
  await web(1, (socket) => {
    socket.write(Buffer.from([laptopReady]))
    socket.once('data', () => socket.destroy())
  })
  await stand.publish()
  expect(await call('POST')).toContain("hello on Ada's laptop closed the connection before it responded")
})

test('with nothing beneath, it says so', async () => {
  stand.environment('alice', 'e_production')
  delete stand.table.releases[`e_production/${hello}`]
  place('e_alice')
  await stand.publish()
  expect(await call('POST', 'alice')).toContain('no revision is deployed')
})

test('the next run takes over, and the calls of the one before are finished first', async () => {
  place('e_production')
  const held = Promise.withResolvers<void>()
  const slow = await stand.upstream((_, response) => void held.promise.then(() => response.end('first')))
  await web(1, (socket) => {
    const far = connect({ port: portOf(slow), host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.write(Buffer.from([laptopReady]))
      socket.pipe(far).pipe(socket)
    })
  })
  await stand.publish()
  const before = call('POST')
  await expect
    .poll(() => stand.control.call('instances.busy', { instanceIds: [`${id}.1`] }))
    .toEqual({ [`${id}.1`]: { requests: 1, sockets: 0 } })
  await laptop(2, 'second')
  place('e_production', 2)
  await stand.publish()
  expect(await call()).toBe('second GET | hello@laptop production')
  const drained = stand.control.call('instances.drain', {
    instanceId: `${id}.1`,
    timeoutMs: 5000,
    closeSocketsAfterMs: 5000,
  })
  held.resolve()
  expect(await before).toBe('first | hello@laptop production')
  expect(await drained).toEqual({ idle: true })
})

test('its key is good on the socket for laptops alone', async () => {
  stand.caller('laptops-own-key-1', hello, 'e_production', { from: '' })
  await stand.publish()
  const by = (where: { socketPath: string } | { port: number }) =>
    new Promise<string>((resolve, reject) => {
      request({ ...where, path: '/~laptops-own-key-1/hello/x', agent: false }, (answer) => {
        let text = ''
        answer.on('data', (part: Buffer) => (text += part.toString())).on('end', () => resolve(text))
      })
        .on('error', reject)
        .end()
    })
  expect(await by({ socketPath: join(stand.home, laptopCalls) })).toBe('beneath')
  expect(await by({ port: stand.gateway.port })).toContain('m3o.unauthenticated')
  const forged = await new Promise<number | undefined>((resolve) => {
    request(
      { socketPath: join(stand.home, laptopCalls), path: '/rpc/routes.version', method: 'POST', agent: false },
      (answer) => resolve(answer.resume().statusCode),
    ).end('{}')
  })
  expect(forged).toBe(404)
  const asPerson = await new Promise<number | undefined>((resolve) => {
    const actor = JSON.stringify({ personId: 'u_1', email: 'ann@x.y', teamIds: ['t_demo'] })
    request(
      { socketPath: join(stand.home, laptopCalls), path: '/v1/hello/x', headers: { 'm3o-actor': actor }, agent: false },
      (answer) => resolve(answer.resume().statusCode),
    ).end()
  })
  expect(asPerson).toBe(401)
})
