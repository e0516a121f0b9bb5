import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { DevCommand } from '#e2e/stack/dev-command.ts'
import { eventually, startStand, type Stand } from '../testing/stand.ts'
import type { Viewer } from '../web.ts'

let stand: Stand
let folder: string
let ann: Viewer
const tokens: string[] = []
const running: DevCommand[] = []

beforeAll(async () => {
  stand = await startStand()
  folder = await mkdtemp(join(tmpdir(), 'm3o-laptop-kill-'))
  ann = await stand.viewerOf(
    (await stand.web.setup.run(stand.setupCode, { email: 'ann@example.com', name: 'Ann', password: 'a fine password' }))
      .person,
  )
  const bob = await stand.viewerOf(
    await stand.web.people.create({
      email: 'bob@example.com',
      name: 'Bob',
      password: 'a fine password',
      operator: false,
    }),
  )
  const { link } = await stand.as(ann).invitations.create({ team: 'demo', email: 'bob@example.com', role: 'developer' })
  await stand.as(bob).invitations.accept({ secret: decodeURIComponent(new URL(link).pathname.split('/')[2] ?? '') })
  for (const viewer of [ann, bob])
    tokens.push(
      (
        await stand
          .as(viewer)
          .tokens.create({ team: 'demo', name: 'dev', scope: {}, environment: null, expiresAt: null })
      ).token,
    )
  const as = stand.as(ann)
  await as.services.create({ team: 'demo', name: 'hello', template: 'hello' })
  const { deploymentId } = await as.deployments.start({ ...at, what: { draft: {} } })
  await eventually(async () => (await as.deployments.get({ team: 'demo', deploymentId })).state === 'live')
  for (const [index, says] of ['of ann', 'of bob'].entries()) {
    await mkdir(join(folder, String(index)))
    await writeFile(
      join(folder, String(index), 'index.js'),
      `require('node:http').createServer((request, response) => { request.resume().on('end', () => response.end(${JSON.stringify(says)})) }).listen(process.env.PORT, process.env.HOST)`,
    )
  }
}, 120_000)
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop('SIGKILL')))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await stand[Symbol.asyncDispose]()
}, 60_000)

const at = { team: 'demo', environment: 'production', service: 'hello' }

function dev(who: 0 | 1): DevCommand {
  const command = new DevCommand(
    [join(folder, String(who)), '--service', 'hello', '--team', 'demo', '--env', 'production'],
    {
      PATH: process.env.PATH ?? '',
      HOME: join(folder, `home-${who}`),
      XDG_CACHE_HOME: join(folder, 'cache'),
      M3O_URL: stand.settings.url,
      M3O_TOKEN: tokens[who] ?? '',
      NO_COLOR: '1',
    },
  )
  running.push(command)
  return command
}

/** A call that may not be made twice. */
function call(): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        port: stand.gatewayPort,
        path: '/v1/hello/Hello',
        method: 'POST',
        agent: false,
        headers: { authorization: `Bearer ${tokens[0]}`, 'content-type': 'application/json' },
      },
      (answer) => {
        let text = ''
        answer
          .setEncoding('utf8')
          .on('data', (part: string) => (text += part))
          .once('end', () => resolve(text))
          .once('error', reject)
      },
    )
    asked.once('error', reject).end('{"name":"Zoe"}')
  })
}
const beneath = '{"message":"Hello Zoe"}'

test('whenever it is killed, its place is free for the next one, and what is beneath answers', async () => {
  for (const ms of [150, 500, 800, 1_200]) {
    const one = dev(0)
    await delay(ms)
    await one.stop('SIGKILL')
    await expect.poll(call, { timeout: 3_000 }).toBe(beneath)
    const next = dev(1)
    await next.next('serving')
    expect(await call()).toBe('of bob')
    await next.stop()
    expect(await call()).toBe(beneath)
  }
}, 120_000)

test('whenever the runtime is killed, it takes its place again by itself', async () => {
  for (const ms of [100, 600, 900]) {
    const one = dev(0)
    await delay(ms)
    await stand.runtime.killAndStartAgain()
    await one.next('serving')
    await expect.poll(call, { timeout: 5_000 }).toBe('of ann')
    await one.stop()
    await expect.poll(call, { timeout: 5_000 }).toBe(beneath)
  }
}, 120_000)

test('one that says nothing any more is passed over, and is back when it speaks again', async () => {
  const one = dev(0)
  await one.next('serving')
  expect(await call()).toBe('of ann')
  process.kill(one.pid, 'SIGSTOP')
  // A connection that was kept from the call before may take this one with it.
  const first = await call()
  expect(first === beneath || first.includes('closed the connection before it responded')).toBe(true)
  await expect.poll(call, { timeout: 12_000 }).toBe(beneath)
  const shown = async () => (await stand.as(ann).services.get(at)).laptop
  await expect.poll(shown, { timeout: 12_000 }).toBe(null)
  process.kill(one.pid, 'SIGCONT')
  await one.next('serving')
  await expect.poll(call, { timeout: 5_000 }).toBe('of ann')
}, 60_000)
