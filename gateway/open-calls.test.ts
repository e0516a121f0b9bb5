import { request } from 'node:http'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startStand, type Stand } from './testing/stand.ts'

let stand: Stand
let server: WebSocketServer
const late: (() => void)[] = []
const host = 'app--demo.localhost'

beforeAll(async () => {
  stand = await startStand()
  const upstream = await stand.upstream((asked, response) => {
    if (asked.url?.endsWith('/stream') === true) return void response.writeHead(200).write('begun')
    if (asked.url?.endsWith('/late') === true) return void late.push(() => response.end('late'))
    response.writeHead(404).end()
  })
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

interface Open {
  socket: WebSocket
  closed: Promise<number>
  says: (text: string) => Promise<string>
}

async function open(headers: Record<string, string>): Promise<Open> {
  const socket = new WebSocket(`ws://127.0.0.1:${stand.gateway.port}/ws`, { headers: { host, ...headers } })
  await new Promise<void>((resolve, reject) => socket.once('open', () => resolve()).once('error', reject))
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.on('error', () => {})
  return {
    socket,
    closed,
    says: (text) =>
      new Promise((resolve) => {
        socket.once('message', (data) => resolve(String(data)))
        socket.send(text)
      }),
  }
}

const by = (token: string) => ({ authorization: `Bearer m3o_${token}` })

test('a socket ends when the token that opened it does, and others go on', async () => {
  const [one, two, free] = [
    await open(by('one')),
    await open(by('two')),
    await open({ host: 'shared--demo.localhost' }),
  ]
  delete stand.table.tokens['tk_m3o_one']
  await stand.publish()
  await one.closed
  for (const other of [two, free]) expect(await other.says('still')).toBe('echo still')
  for (const { socket } of [two, free]) socket.terminate()
})

test('a socket of a browser ends with its session, and when its person leaves the team', async () => {
  const cookie = { cookie: await stand.signIn(host), origin: `http://${host}` }
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

interface Answer {
  status: number | undefined
  said: string
  ended: Promise<'whole' | 'cut off'>
  go: () => void
}

/** Its answer as soon as that has begun. */
function ask(path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: stand.gateway.port, path, agent: false, headers: { host, ...headers } },
      (response) => {
        const answer: Answer = {
          status: response.statusCode,
          said: '',
          go: () => asked.destroy(),
          ended: new Promise((end) => response.once('end', () => end('whole')).once('error', () => end('cut off'))),
        }
        response.on('data', (part: Buffer) => {
          answer.said += part.toString()
          resolve(answer)
        })
      },
    ).on('error', reject)
    asked.end()
  })
}

test('an answer that goes on is cut off when the token that asked for it ends, and others go on', async () => {
  for (const name of ['three', 'four']) stand.token(`m3o_${name}`)
  await stand.publish()
  const [three, four] = [await ask('/stream', by('three')), await ask('/stream', by('four'))]
  expect([three.said, four.said]).toEqual(['begun', 'begun'])
  delete stand.table.tokens['tk_m3o_three']
  await stand.publish()
  expect(await three.ended).toBe('cut off')
  expect(await Promise.race([four.ended, stand.publish().then(() => 'goes on')])).toBe('goes on')
  four.go()
})

test('an answer that comes after its caller may no longer have it is not given', async () => {
  for (const name of ['five', 'six']) stand.token(`m3o_${name}`)
  await stand.publish()
  const [five, six] = [ask('/late', by('five')), ask('/late', by('six'))]
  await vi.waitFor(() => expect(late).toHaveLength(2))
  delete stand.table.tokens['tk_m3o_five']
  await stand.publish()
  const since = performance.now()
  await vi.waitFor(() => expect(performance.now() - since).toBeGreaterThan(1100), 3000)
  for (const answer of late.splice(0)) answer()
  expect((await five).status).toBe(403)
  expect(await six).toMatchObject({ status: 200, said: 'late' })
})
