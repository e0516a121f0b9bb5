// Over 300 lines: one platform, made once, and all that can happen between it and a laptop.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { ErrorBody } from '#contract/errors.ts'
import { isUnderWay } from '#contract/states.ts'
import { DevCommand } from '#e2e/stack/dev-command.ts'
import { isAlive } from '#e2e/stack/processes-of.ts'
import { eventually, startStand, type Stand } from '../testing/stand.ts'
import type { Viewer } from '../web.ts'

let stand: Stand
let folder: string
const people: Record<'ann' | 'bob' | 'eve', { viewer: Viewer; token: string }> = {} as never
const running: DevCommand[] = []

const text = (says: string) => `
import { createServer } from 'node:http'
enum Word { Says = ${JSON.stringify(says)} }
console.log('started', process.env.M3O_INSTANCE, process.env.SECRET ?? 'without secret', process.env.LEVEL ?? 'without level')
const server = createServer(async (request, response) => {
  if (request.url === '/exit') process.exit(4)
  if (request.url === '/say') { console.log('it was said'); console.error('and cried, with hunter2hunter2'); return response.end('ok') }
  if (request.url === '/hang') { request.resume(); return }
  if (request.url === '/echo') return request.pipe(response)
  if (request.url === '/endless') {
    let count = 0
    const more = () => { while (count++ < 10_000) if (!response.write(Buffer.alloc(65536))) return console.log('held back after', count) }
    response.on('drain', more)
    return more()
  }
  if (request.url === '/events') { response.writeHead(200, { 'content-type': 'text/event-stream' }); let count = 0; const timer = setInterval(() => { response.write('data: ' + ++count + '\\n\\n'); if (count === 3) { clearInterval(timer); response.end() } }, 20); return }
  if (request.url === '/other') { const answer = await fetch(process.env.M3O_GATEWAY + '/other/x'); return response.end(await answer.text() + ' | ' + answer.headers.get('m3o-served-by')) }
  response.end(Word.Says)
})
server.on('upgrade', (request, socket) => { const key = request.headers['sec-websocket-key']; socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept(key) + '\\r\\n\\r\\n'); socket.on('data', (part) => { if ((part[0] & 15) === 8) return socket.end(part); const mask = part.subarray(2, 6); const body = Buffer.from(part.subarray(6)).map((byte, at) => byte ^ mask[at % 4]); socket.write(Buffer.concat([Buffer.from([0x81, body.length]), body])) }); socket.on('error', () => {}) })
import { createHash } from 'node:crypto'
const accept = (key) => createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
server.listen(process.env.PORT, process.env.HOST)
`

beforeAll(async () => {
  stand = await startStand()
  folder = await mkdtemp(join(tmpdir(), 'm3o-laptop-'))
  const ann = await stand.viewerOf(
    (await stand.web.setup.run(stand.setupCode, { email: 'ann@example.com', name: 'Ann', password: 'a fine password' }))
      .person,
  )
  people.ann = { viewer: ann, token: await tokenOf(ann) }
  for (const [name, role] of [
    ['bob', 'developer'],
    ['eve', 'viewer'],
  ] as const) {
    const viewer = await stand.viewerOf(
      await stand.web.people.create({
        email: `${name}@example.com`,
        name: name === 'bob' ? 'Bob' : 'Eve',
        password: 'a fine password',
        operator: false,
      }),
    )
    const { link } = await stand.as(ann).invitations.create({ team: 'demo', email: `${name}@example.com`, role })
    await stand
      .as(viewer)
      .invitations.accept({ secret: decodeURIComponent(new URL(link).pathname.split('/')[2] ?? '') })
    people[name] = { viewer, token: await tokenOf(viewer) }
  }
  const as = stand.as(ann)
  for (const service of ['hello', 'other']) await as.services.create({ team: 'demo', name: service, template: 'hello' })
  for (const environment of ['alice', 'bob'])
    await as.environments.create({ team: 'demo', name: environment, kind: 'shared' })
  await as.variables.set({ ...at('hello'), name: 'LEVEL', value: 'loud' })
  await as.variables.set({ ...at('hello'), name: 'SECRET', value: 'hunter2hunter2', secret: true })
  await deploy('hello', 'beneath', 'production')
  await deploy('other', 'other of production', 'production')
  await deploy('other', 'other of alice', 'alice')
  await as.environments.create({ team: 'demo', name: 'child', kind: 'shared', from: 'alice' })
  await deploy('other', 'other of child', 'child')
}, 120_000)
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop('SIGTERM')))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await stand[Symbol.asyncDispose]()
}, 60_000)

const at = (service: string, environment = 'production') => ({ team: 'demo', environment, service })
const tokenOf = async (viewer: Viewer) =>
  (
    await stand
      .as(viewer)
      .tokens.create({ team: 'demo', name: `of ${viewer.person.email}`, scope: {}, environment: null, expiresAt: null })
  ).token

async function deploy(service: string, says: string, environment: string): Promise<void> {
  const as = stand.as(people.ann.viewer)
  const { hash } = await as.source
    .read({ ...at(service, environment), ref: { draft: true }, path: 'index.ts' })
    .catch(() => ({ hash: null }))
  await as.source.save({ ...at(service, environment), path: 'index.ts', text: text(says), expected: hash })
  const { deploymentId } = await as.deployments.start({ ...at(service, environment), what: { draft: {} } })
  await eventually(async () => !isUnderWay((await as.deployments.get({ team: 'demo', deploymentId })).state))
  expect((await as.deployments.get({ team: 'demo', deploymentId })).state).toBe('live')
}

async function dev(
  who: keyof typeof people,
  name: string,
  files: Record<string, string>,
  ...args: string[]
): Promise<DevCommand> {
  await write(name, files)
  const home = join(folder, `home-of-${who}`)
  const command = new DevCommand([join(folder, name), '--service', 'hello', ...args], {
    PATH: process.env.PATH ?? '',
    HOME: home,
    XDG_CACHE_HOME: join(folder, 'cache'),
    M3O_URL: stand.settings.url,
    M3O_TOKEN: people[who].token,
    NO_COLOR: '1',
  })
  running.push(command)
  return command
}

async function write(name: string, files: Record<string, string>): Promise<void> {
  await mkdir(join(folder, name), { recursive: true })
  for (const [path, content] of Object.entries(files)) await writeFile(join(folder, name, path), content)
}

interface Answer {
  status: number
  text: string
  servedBy: string
}

function call(
  path = '/',
  { environment = 'production', method = 'GET', body }: { environment?: string; method?: string; body?: Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        port: stand.gatewayPort,
        path: `/v1/hello${path}`,
        method,
        agent: false,
        headers: { authorization: `Bearer ${people.ann.token}`, 'm3o-environment': environment },
      },
      (answer) => {
        const parts: Buffer[] = []
        answer
          .on('data', (part: Buffer) => parts.push(part))
          .once('error', reject)
          .once('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              text: Buffer.concat(parts).toString('latin1'),
              servedBy: String(answer.headers['m3o-served-by']),
            }),
          )
      },
    )
    asked.once('error', reject).end(body)
  })
}

const lines = async (environment: string) =>
  (await stand.as(people.ann.viewer).logs.read({ ...at('hello', environment), services: ['hello'], limit: 200 }))
    .entries
const audit = async () =>
  (await stand.as(people.ann.viewer).audit.read({ team: 'demo' })).map(({ action, actor, after }) => ({
    action,
    by: actor.name,
    ...(after as object),
  }))

test('a laptop serves in the place of what is deployed, says so everywhere, and lets go', async () => {
  const one = await dev('ann', 'first', { 'index.ts': text('on the laptop') }, '--env', 'alice')
  const held = await one.next('held')
  expect(held).toMatchObject({
    service: 'hello',
    environment: 'alice',
    beneath: expect.stringContaining('of production') as string,
    withheld: [],
    again: false,
  })
  expect(held.instance).toMatch(/^laptop-ann-[a-z0-9]{6}$/)
  expect(await one.next('line')).toMatchObject({
    stream: 'stdout',
    text: `started ${String(held.instance)} hunter2hunter2 loud`,
  })
  await one.next('serving')
  expect(await call('/', { environment: 'alice' })).toEqual({
    status: 200,
    text: 'on the laptop',
    servedBy: 'hello@laptop alice',
  })
  expect(await call('/', { environment: 'bob' })).toMatchObject({ text: 'beneath' })
  expect((await call('/other', { environment: 'alice' })).text).toMatch(/^other of alice \| other@\w+ alice$/)
  // Called for an environment that inherits the laptop, it calls on in that one.
  expect((await call('/other', { environment: 'child' })).text).toMatch(/^other of child \| other@\w+ child$/)

  const shown = await stand.as(people.bob.viewer).services.get(at('hello', 'alice'))
  expect(shown).toMatchObject({
    state: 'live',
    from: 'alice',
    laptop: { by: { email: 'ann@example.com' } },
    instances: [{ id: held.instance, state: 'live' }],
  })
  const tree = await stand.as(people.bob.viewer).environments.list({ team: 'demo' })
  expect(tree.find(({ name }) => name === 'alice')).toMatchObject({
    laptops: [{ service: 'hello', by: { name: 'Ann' } }],
  })

  await call('/say', { environment: 'alice' })
  await expect
    .poll(async () => (await lines('alice')).filter((line) => 'text' in line && line.instance === held.instance))
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({ text: 'it was said', stream: 'stdout', revision: 'laptop' }),
        expect.objectContaining({ text: expect.not.stringContaining('hunter2') as string, stream: 'stderr' }),
        expect.objectContaining({ text: "Ann's laptop now runs this service here", stream: 'platform' }),
      ]),
    )

  expect(await one.stop()).toBe(0)
  expect(await call('/', { environment: 'alice' })).toMatchObject({ text: 'beneath' })
  await expect.poll(audit).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        action: 'laptop.take',
        by: 'ann@example.com',
        environment: 'alice',
        instance: held.instance,
        secrets: ['SECRET'],
      }),
      expect.objectContaining({
        action: 'laptop.release',
        by: 'ann@example.com',
        environment: 'alice',
        why: 'it was stopped',
      }),
    ]),
  )
  expect(await stand.as(people.bob.viewer).services.get(at('hello', 'alice'))).toMatchObject({
    from: 'production',
    laptop: null,
  })
}, 60_000)

test('what is saved takes over once it works, without losing a call; what does not work leaves the old one serving', async () => {
  const one = await dev('ann', 'reload', { 'index.ts': text('version 1') }, '--env', 'alice')
  await one.next('serving')
  let failed: Answer[] = []
  let count = 0
  let over = false
  const asking = Promise.all(
    [1, 2, 3].map(async (worker) => {
      while (!over) {
        const answer = await call('/', { environment: 'alice', method: worker === 1 ? 'POST' : 'GET' })
        count++
        if (!/^version \d$/.test(answer.text)) failed = [...failed, answer]
      }
    }),
  )
  for (const version of ['version 2', 'version 3']) {
    await write('reload', { 'index.ts': text(version) })
    await one.next('serving')
    await expect.poll(async () => (await call('/', { environment: 'alice' })).text).toBe(version)
  }
  await write('reload', { 'index.ts': 'export default ((' })
  expect(await one.next('failed')).toMatchObject({
    serving: true,
    error: { code: 'build_failed', message: expect.stringContaining('index.ts:1') as string },
  })
  await write('reload', { 'index.ts': `console.log('about to end'); process.exit(7)` })
  expect(await one.next('failed')).toMatchObject({
    serving: true,
    error: { code: 'start_failed', message: 'it exited with code 7', lines: ['about to end'] },
  })
  expect((await call('/', { environment: 'alice' })).text).toBe('version 3')
  over = true
  await asking
  expect(failed).toEqual([])
  expect(count).toBeGreaterThan(50)
}, 60_000)

test('a process that crashes leaves its place to what is beneath, and takes it again', async () => {
  const one = await dev('ann', 'crash', { 'index.ts': text('crashes') }, '--env', 'alice')
  await one.next('serving')
  expect((await call('/exit', { environment: 'alice', method: 'POST', body: Buffer.from('x') })).text).toContain(
    "hello on Ann's laptop closed the connection",
  )
  expect(await one.next('crashed')).toMatchObject({ again: true, error: { message: 'it exited with code 4' } })
  await one.next('serving')
  expect(await call('/', { environment: 'alice' })).toMatchObject({ text: 'crashes' })
}, 60_000)

test('streams, sockets and large bodies go through it', async () => {
  const one = await dev('ann', 'streams', { 'index.ts': text('streams') }, '--env', 'alice')
  await one.next('serving')
  const body = randomBytes(20 << 20)
  const echoed = await call('/echo', { environment: 'alice', method: 'POST', body })
  expect(createHash('sha256').update(echoed.text, 'latin1').digest('hex')).toBe(
    createHash('sha256').update(body).digest('hex'),
  )
  await new Promise<void>((resolve, reject) => {
    const reading = request(
      {
        port: stand.gatewayPort,
        path: '/v1/hello/endless',
        agent: false,
        headers: { authorization: `Bearer ${people.ann.token}`, 'm3o-environment': 'alice' },
      },
      (answer) => {
        answer.pause()
        // Who does not read holds the process back, after what the sockets on the way take.
        let last: string | undefined
        void eventually(async () => {
          const now = one.events.filter((event) => String(event.text).startsWith('held back')).at(-1)?.text as
            | string
            | undefined
          await new Promise((later) => setTimeout(later, 300))
          const isStill = now !== undefined && now === last
          last = now
          return isStill
        })
          .then(() => {
            expect(Number(last?.split(' ').at(-1))).toBeLessThan(500)
            reading.destroy()
            resolve()
          })
          .catch(reject)
      },
    )
    reading.once('error', () => {}).end()
  })
  expect((await call('/events', { environment: 'alice' })).text).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n')
  const socket = new WebSocket(`ws://127.0.0.1:${stand.gatewayPort}/v1/hello/socket`, {
    headers: { authorization: `Bearer ${people.ann.token}`, 'm3o-environment': 'alice' },
  })
  const heard = new Promise<string>((resolve, reject) =>
    socket.once('message', (data: Buffer) => resolve(data.toString())).once('error', reject),
  )
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send('ping')
  expect(await heard).toBe('ping')
  socket.terminate()
}, 60_000)

test('two people do it side by side; in one environment the second is refused, or takes over and the first is told', async () => {
  const ann = await dev('ann', 'ann', { 'index.ts': text('of ann') }, '--env', 'alice')
  const bob = await dev('bob', 'bob', { 'index.ts': text('of bob') }, '--env', 'bob')
  await Promise.all([ann.next('serving'), bob.next('serving')])
  expect(await Promise.all(['alice', 'bob'].map((environment) => call('/', { environment })))).toMatchObject([
    { text: 'of ann', servedBy: 'hello@laptop alice' },
    { text: 'of bob', servedBy: 'hello@laptop bob' },
  ])
  await bob.stop()

  const refused = await dev('bob', 'bob', {}, '--env', 'alice')
  expect(await refused.ended).toBe(1)
  expect((refused.events.at(-1) as unknown as { error: ErrorBody }).error).toMatchObject({
    code: 'conflict',
    message: "hello in alice already runs on Ann's laptop",
    data: { by: 'ann@example.com' },
  })
  expect(await call('/', { environment: 'alice' })).toMatchObject({ text: 'of ann' })

  const taking = await dev('bob', 'bob', {}, '--env', 'alice', '--force')
  expect(await ann.ended).toBe(1)
  expect((ann.events.at(-1) as unknown as { error: ErrorBody }).error).toMatchObject({
    code: 'superseded',
    message: 'Bob took over hello in alice',
  })
  await taking.next('serving')
  expect(await call('/', { environment: 'alice' })).toMatchObject({ text: 'of bob' })
}, 60_000)

test('killed, it leaves its place at once, and nothing of it runs on', async () => {
  const one = await dev(
    'ann',
    'killed',
    { 'index.ts': `console.log('pid', process.pid)\n${text('killed')}` },
    '--env',
    'alice',
  )
  const line = await one.next('line', ({ text: said }) => String(said).startsWith('pid '))
  await one.next('serving')
  const hanging = call('/hang', { environment: 'alice', method: 'POST', body: Buffer.from('x') })
  await expect.poll(async () => (await call('/', { environment: 'alice' })).text).toBe('killed')
  process.kill(one.pid, 'SIGKILL')
  await one.ended
  await expect
    .poll(async () => (await call('/', { environment: 'alice', method: 'POST' })).text, { timeout: 2_000 })
    .toBe('beneath')
  expect((await hanging).status).toBe(502)
  await expect.poll(() => isAlive(Number(String(line.text).split(' ')[1])), { timeout: 10_000 }).toBe(false)
  await expect
    .poll(async () => (await lines('alice')).map((entry) => ('text' in entry ? entry.text : '')))
    .toEqual(
      expect.arrayContaining([
        expect.stringContaining("Ann's laptop no longer runs this service here: the connection was lost") as string,
      ]),
    )
}, 60_000)

test('the runtime or the gateway killed, it is back by itself, and calls are answered all the while', async () => {
  const one = await dev('ann', 'back', { 'index.ts': text('back') }, '--env', 'alice')
  const { instance } = await one.next('held')
  await one.next('serving')
  await stand.runtime.killAndStartAgain()
  await one.next('lost')
  expect((await call('/', { environment: 'alice', method: 'POST' })).text).toMatch(/^(beneath|back)$/)
  expect(await one.next('held')).toMatchObject({ instance, again: true })
  await one.next('serving')
  expect(await call('/', { environment: 'alice' })).toMatchObject({ text: 'back', servedBy: 'hello@laptop alice' })
  expect(await call('/other', { environment: 'alice' })).toMatchObject({
    text: expect.stringContaining('other of alice') as string,
  })
  expect(await audit()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ action: 'laptop.release', instance, why: 'the platform was restarted' }),
    ]),
  )
  await stand.gateway.killAndStartAgain()
  await expect
    .poll(async () => (await call('/', { environment: 'alice' }).catch(() => ({ text: '' }))).text)
    .toBe('back')
}, 60_000)

test('who may not deploy there may not, and is told why', async () => {
  const refused = async (command: DevCommand) => {
    expect(await command.ended).toBe(1)
    return (command.events.at(-1) as unknown as { error: ErrorBody }).error
  }
  expect(await refused(await dev('eve', 'refused', { 'index.ts': text('x') }, '--env', 'alice'))).toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('needs the role developer') as string,
  })
  expect(await refused(await dev('ann', 'refused', {}, '--env', 'alice', '--service', 'nothing'))).toMatchObject({
    code: 'not_found',
    fix: expect.stringContaining('m3o deploy') as string,
  })
  expect(await refused(await dev('ann', 'refused', {}, '--env', 'nowhere'))).toMatchObject({ code: 'not_found' })
  const admins = { role: 'admin' as const, people: [] }
  const open = { role: 'developer' as const, people: [] }
  const as = stand.as(people.ann.viewer)
  await as.environments.protect({
    team: 'demo',
    environment: 'bob',
    protection: { deploy: admins, secrets: admins, promote: admins },
  })
  expect(await refused(await dev('bob', 'refused', {}, '--env', 'bob'))).toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('bob is protected') as string,
  })
  await as.environments.protect({
    team: 'demo',
    environment: 'bob',
    protection: { deploy: open, secrets: admins, promote: admins },
  })
  const without = await dev('bob', 'refused', {}, '--env', 'bob')
  expect(await without.next('held')).toMatchObject({ withheld: ['variables', 'secrets'] })
  expect(await without.next('line')).toMatchObject({
    text: expect.stringContaining('without secret without level') as string,
  })
  await without.stop()
  // What was changed in the folder counts here; what was pulled only for what may not be read there.
  await mkdir(join(folder, 'refused/.m3o'))
  const digest = (value: string) => createHash('sha256').update(value).digest('hex')
  const says = async () => {
    const command = await dev('bob', 'refused', {}, '--env', 'bob')
    const { text: said } = await command.next('line')
    await command.stop()
    return said
  }
  await write('refused', {
    '.m3o/variables.env': 'SECRET=my-own\nLEVEL=old\n',
    '.m3o/pulled.json': JSON.stringify({ values: { SECRET: digest('another'), LEVEL: digest('old') } }),
  })
  expect(await says()).toMatch(/my-own old$/)
  await as.environments.protect({
    team: 'demo',
    environment: 'bob',
    protection: { deploy: open, secrets: open, promote: open },
  })
  expect(await says()).toMatch(/my-own loud$/)
  await as.environments.protect({ team: 'demo', environment: 'bob', protection: null })
}, 60_000)

test('permission taken away, or the environment gone, it lets go for good', async () => {
  const as = stand.as(people.ann.viewer)
  const demoted = await dev('bob', 'gone', { 'index.ts': text('gone') }, '--env', 'bob')
  await demoted.next('serving')
  await as.members.setRole({ team: 'demo', userId: people.bob.viewer.person.id, role: 'viewer' })
  expect(await demoted.ended).toBe(1)
  expect((demoted.events.at(-1) as unknown as { error: ErrorBody }).error).toMatchObject({ code: 'forbidden' })
  expect(await call('/', { environment: 'bob' })).toMatchObject({ text: 'beneath' })

  await as.environments.create({ team: 'demo', name: 'brief' })
  const deleted = await dev('ann', 'gone', {}, '--env', 'brief')
  await deleted.next('serving')
  await as.environments.delete({ team: 'demo', environment: 'brief' })
  expect(await deleted.ended).toBe(1)
  expect((deleted.events.at(-1) as unknown as { error: ErrorBody }).error).toMatchObject({ code: 'environment_gone' })

  // Of a service that was never deployed, the laptop is all there is.
  await as.services.create({ team: 'demo', name: 'passing', template: 'hello' })
  const alone = await dev('ann', 'gone', {}, '--env', 'alice', '--service', 'passing')
  expect(await alone.next('held')).toMatchObject({ beneath: null })
  await alone.next('serving')
  expect(await as.services.get(at('passing', 'alice'))).toMatchObject({ state: 'live', from: 'alice', revision: null })
  await as.services.delete({ team: 'demo', service: 'passing' })
  expect(await alone.ended).toBe(1)
  expect((alone.events.at(-1) as unknown as { error: ErrorBody }).error).toMatchObject({ code: 'not_found' })

  // A token that is revoked is nobody's any more.
  const { token, id } = await as.tokens.create({
    team: 'demo',
    name: 'short',
    scope: {},
    environment: null,
    expiresAt: null,
  })
  const kept = people.ann.token
  people.ann.token = token
  const revoked = await dev('ann', 'gone', {}, '--env', 'alice')
  people.ann.token = kept
  await revoked.next('serving')
  await as.tokens.revoke({ team: 'demo', token: id })
  expect(await revoked.ended).toBe(1)
  expect((revoked.events.at(-1) as unknown as { error: ErrorBody }).error).toMatchObject({ code: 'unauthenticated' })
}, 60_000)

test('a deployment meanwhile goes on beneath', async () => {
  const one = await dev('ann', 'above', { 'index.ts': text('above') }, '--env', 'alice')
  await one.next('serving')
  await deploy('hello', 'deployed beneath', 'alice')
  expect(await one.next('note')).toMatchObject({
    text: expect.stringContaining('This laptop still runs the service there') as string,
  })
  expect(await call('/', { environment: 'alice' })).toMatchObject({ text: 'above' })
  await one.stop()
  expect(await call('/', { environment: 'alice' })).toMatchObject({ text: 'deployed beneath' })
}, 60_000)

test('Python runs as it does on the platform, its context carried', async () => {
  const python = `
import json, os, sys, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        text = urllib.request.urlopen(os.environ['M3O_GATEWAY'] + '/other/x').read().decode() if self.path == '/other' else 'python'
        self.send_response(200); self.end_headers(); self.wfile.write(text.encode())
    def log_message(self, *given): pass
print('python listens')
ThreadingHTTPServer((os.environ['HOST'], int(os.environ['PORT'])), Handler).serve_forever()
`
  const one = await dev('ann', 'python', { 'main.py': python }, '--env', 'alice')
  expect(await one.next('line')).toMatchObject({ text: 'python listens' })
  await one.next('serving')
  expect((await call('/x', { environment: 'alice' })).text).toBe('python')
  expect((await call('/other', { environment: 'child' })).text).toBe('other of child')
}, 60_000)

interface Refused {
  status: number
  body: string
}

/** What somebody who does not keep to the rules gets; a number is the code with which the socket was closed. */
function knock(
  query: Record<string, string>,
  headers: Record<string, string>,
  say?: Buffer,
): Promise<Refused | number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(
      `${stand.settings.url.replace('http', 'ws')}/api/laptop?${new URLSearchParams(query).toString()}`,
      { headers },
    )
    socket.once('unexpected-response', (_, response) => {
      let body = ''
      response
        .setEncoding('utf8')
        .on('data', (part: string) => (body += part))
        .once('close', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    socket.once('open', () => {
      if (say) socket.send(say)
    })
    socket.once('close', resolve).on('error', () => {})
  })
}

test('strangers, pages of other origins, and what is no tunnel are turned away', async () => {
  const place = { team: 'demo', environment: 'bob', service: 'hello' }
  const ann = { authorization: `Bearer ${people.ann.token}` }
  expect(await knock(place, {})).toMatchObject({
    status: 401,
    body: expect.stringContaining('unauthenticated') as string,
  })
  expect(await knock(place, { authorization: 'Bearer m3o_nobody' })).toMatchObject({ status: 401 })
  expect(await knock(place, { ...ann, origin: 'https://elsewhere.example' })).toMatchObject({ status: 403 })
  expect(await knock({ team: 'demo', environment: 'bob' }, ann)).toMatchObject({ status: 400 })
  for (const bytes of [
    Buffer.from('hello'),
    Buffer.from([7, 0, 0, 0, 0, 0x7b]),
    Buffer.from([7, 0, 0, 0, 0, ...Buffer.from('{"type":"serving","run":-1}')]),
    Buffer.from([3, 0, 0, 0, 9, 1]),
  ]) {
    expect(await knock(place, ann, bytes)).toBe(1002)
  }
  // One that asks for no websocket at all, and one that is gone before it is answered.
  const plain = { ...ann, connection: 'Upgrade', upgrade: 'other' }
  const path = `/api/laptop?${new URLSearchParams(place).toString()}`
  await new Promise<void>((resolve) =>
    request(`${stand.settings.url}${path}`, { headers: plain, agent: false })
      .once('close', resolve)
      .on('error', () => {})
      .end(),
  )
  await new Promise<void>((resolve) => {
    const gone = request(`${stand.settings.url}${path}`, {
      headers: {
        ...ann,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      },
      agent: false,
    })
      .once('close', resolve)
      .on('error', () => {})
    gone.end()
    gone.once('socket', (socket) => socket.once('connect', () => setTimeout(() => socket.destroy(), 5)))
  })
  // None of them keeps the place.
  const one = await dev('ann', 'after', { 'index.ts': text('after') }, '--env', 'bob')
  await one.next('serving')
}, 60_000)

test('another name than one’s own cannot be had', async () => {
  const one = await dev('ann', 'mine', { 'index.ts': text('mine') }, '--env', 'alice')
  const { instance } = await one.next('held')
  await one.next('serving')
  await stand
    .as(people.ann.viewer)
    .members.setRole({ team: 'demo', userId: people.bob.viewer.person.id, role: 'developer' })
  const bob = { authorization: `Bearer ${people.bob.token}` }
  expect(
    await knock({ team: 'demo', environment: 'alice', service: 'hello', instance: String(instance) }, bob),
  ).toMatchObject({ status: 409 })
  const socket = new WebSocket(
    `${stand.settings.url.replace('http', 'ws')}/api/laptop?${new URLSearchParams({ team: 'demo', environment: 'bob', service: 'hello', instance: String(instance) }).toString()}`,
    { headers: bob },
  )
  const [said] = await new Promise<[Buffer]>((resolve, reject) =>
    socket.once('message', (message: Buffer) => resolve([message])).once('error', reject),
  )
  expect(JSON.parse(said.subarray(5).toString())).toMatchObject({
    type: 'held',
    instance: expect.stringMatching(/^laptop-bob-/) as string,
  })
  socket.close()
}, 60_000)
