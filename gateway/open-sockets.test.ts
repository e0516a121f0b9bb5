import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startStand, type Stand } from './testing/stand.ts'

let stand: Stand
let server: WebSocketServer
const host = 'app--demo.localhost'

beforeAll(async () => {
  stand = await startStand()
  const upstream = await stand.upstream((_, response) => response.writeHead(404).end())
  server = new WebSocketServer({ server: upstream })
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${String(data)}`)))
  stand.release(stand.service('app'), 'e_production', [upstream])
  stand.release(stand.service('shared', { audience: { kind: 'anyone' } }), 'e_production', [upstream])
  for (const name of ['one', 'two', 'other']) stand.token(`m3o_${name}`)
  stand.token('m3o_other', { teamId: 't_other' })
  await stand.publish()
})
afterAll(async () => {
  server.close()
  await stand.close()
})

interface Open { socket: WebSocket; closed: Promise<number>; says: (text: string) => Promise<string> }

async function open(headers: Record<string, string>): Promise<Open> {
  const socket = new WebSocket(`ws://127.0.0.1:${stand.gateway.port}/ws`, { headers: { host, ...headers } })
  await new Promise<void>((resolve, reject) => socket.once('open', () => resolve()).once('error', reject))
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.on('error', () => {})
  return {
    socket, closed,
    says: (text) => new Promise((resolve) => {
      socket.once('message', (data) => resolve(String(data)))
      socket.send(text)
    }),
  }
}

const by = (token: string) => ({ authorization: `Bearer m3o_${token}` })

test('a socket ends when the token that opened it does, and others go on', async () => {
  const [one, two, free] = [await open(by('one')), await open(by('two')), await open({ host: 'shared--demo.localhost' })]
  delete stand.table.tokens['tk_m3o_one']
  await stand.publish()
  await one.closed
  for (const other of [two, free]) expect(await other.says('still')).toBe('echo still')
  for (const { socket } of [two, free]) socket.terminate()
})

test('a socket of a browser ends with its session, and when its person leaves the team', async () => {
  const { code } = await stand.control.call('handover.create', { sessionId: 'ss_1', host })
  const handed = await new Promise<string>((resolve, reject) => {
    import('node:http').then(({ request }) => request({ host: '127.0.0.1', port: stand.gateway.port, path: `/_m3o/handover?code=${code}&to=%2F`, headers: { host } }, (answer) => {
      answer.resume()
      resolve(String(answer.headers['set-cookie']).split(';')[0] ?? '')
    }).once('error', reject).end(), reject)
  })
  const cookie = { cookie: handed, origin: `http://${host}` }
  const own = stand.table.sessions['ss_1'] ?? expect.fail()
  const first = await open(cookie)
  await stand.publish()
  expect(await first.says('here')).toBe('echo here')
  stand.table.sessions['ss_1'] = { ...own, teamIds: [] }
  await stand.publish()
  await first.closed
  stand.table.sessions['ss_1'] = own
  await stand.publish()
  const second = await open(cookie)
  delete stand.table.sessions['ss_1']
  await stand.publish()
  await second.closed
})

test('a socket of another team ends when the service is not shared with it any more', async () => {
  const serviceId = 's_t_demo_app'
  const service = stand.table.services[serviceId] ?? expect.fail()
  stand.table.services[serviceId] = { ...service, audience: { kind: 'platform' } }
  await stand.publish()
  const theirs = await open(by('other'))
  expect(await theirs.says('hello')).toBe('echo hello')
  stand.table.services[serviceId] = service
  await stand.publish()
  await theirs.closed
})
