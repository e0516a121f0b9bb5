import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { TRPCError } from '@trpc/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import tar from 'tar-stream'
import type { ErrorBody } from '#contract/errors.ts'
import { isUnderWay } from '#contract/states.ts'
import { eventually, startStand, type Stand } from './testing/stand.ts'
import { bodyOf } from './trpc.ts'
import type { Viewer } from './web.ts'

const run = promisify(execFile)
const at = { team: 'demo', environment: 'production', service: 'hello' }
const admins = { role: 'admin' as const, people: [] }
let stand: Stand
let owner: Viewer
let developer: Viewer
let deploymentId: string

beforeAll(async () => {
  stand = await startStand()
  owner = await stand.viewerOf(
    (
      await stand.web.setup.run(stand.setupCode, {
        email: 'owner@example.com',
        name: 'Owner',
        password: 'a fine password',
      })
    ).person,
  )
  const dev = await stand.web.people.create({
    email: 'dev@example.com',
    name: 'Dev',
    password: 'a fine password',
    operator: false,
  })
  developer = await stand.viewerOf(dev)
  const { link } = await stand.as(owner).invitations.create({ team: 'demo', email: dev.email, role: 'developer' })
  await stand
    .as(developer)
    .invitations.accept({ secret: decodeURIComponent(new URL(link).pathname.split('/')[2] ?? '') })
  await stand.as(owner).services.create({ team: 'demo', name: 'hello', template: 'hello' })
  await stand.as(owner).variables.set({ ...at, name: 'LEVEL', value: 'debug' })
  deploymentId = (await stand.as(owner).deployments.start({ ...at, what: { draft: {} } })).deploymentId
  await ended()
  await stand.as(developer).environments.create({ team: 'demo', name: 'dev' })
  await protect({ deploy: admins, secrets: admins, promote: admins })
}, 90_000)
afterAll(async () => stand[Symbol.asyncDispose]())

type Protection = Parameters<ReturnType<Stand['as']>['environments']['protect']>[0]['protection']
const protect = (protection: Protection) =>
  stand.as(owner).environments.protect({ team: 'demo', environment: 'production', protection })
const ended = () =>
  eventually(async () => !isUnderWay((await stand.as(owner).deployments.get({ team: 'demo', deploymentId })).state))

async function refusal(work: Promise<unknown>): Promise<ErrorBody> {
  return work.then(
    () => expect.fail('it was not refused'),
    (error: TRPCError) => bodyOf(error),
  )
}

test('a refusal says why, who may, and where one may oneself', async () => {
  expect(await refusal(stand.as(developer).deployments.restart(at))).toEqual({
    code: 'forbidden',
    message: 'production is protected: deploying there needs the role admin or higher; you are developer',
    fix: 'Ask owner@example.com, or work in your own environment: m3o env create NAME.',
    data: {
      action: 'service.deploy',
      environment: 'production',
      guard: 'deploy',
      needs: 'admin',
      role: 'developer',
      who: ['owner@example.com'],
    },
  })
})

test('what is found by its id is of its environment too', async () => {
  const as = stand.as(developer)
  expect(await refusal(as.deployments.cancel({ team: 'demo', deploymentId }))).toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('is protected') as string,
  })
  expect((await as.deployments.diff({ team: 'demo', deploymentId })).variables).toEqual([])
  expect((await stand.as(owner).deployments.diff({ team: 'demo', deploymentId })).variables).toMatchObject([
    { name: 'LEVEL' },
  ])
})

test('a folder is refused with 403 before it is read, and goes where nothing stands in its way', async () => {
  const { token } = await stand.as(developer).tokens.create({ team: 'demo', name: 'command' })
  const pack = tar.pack()
  pack.entry(
    { name: 'index.js' },
    `require('node:http').createServer((_, response) => response.end('hi')).listen(process.env.PORT, process.env.HOST)`,
  )
  pack.finalize()
  const body = Buffer.concat(await Array.fromAsync(pack as AsyncIterable<Buffer>))
  const send = (environment: string) =>
    fetch(`${stand.settings.url}/api/upload/deploy?team=demo&environment=${environment}&service=hello`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${token}` },
    })
  const refused = await send('production')
  expect(refused.status).toBe(403)
  expect(await refused.json()).toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('production is protected') as string,
  })
  const taken = await send('dev')
  expect(taken.status).toBe(200)
  deploymentId = ((await taken.json()) as { deploymentId: string }).deploymentId
  await ended()
})

test('a branch whose push would deploy there takes no push from them; others do', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-git-'))
  const git = async (...args: string[]) =>
    run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
      cwd: folder,
      env: { NODE_ENV: 'test', PATH: process.env.PATH ?? '', HOME: folder, GIT_TERMINAL_PROMPT: '0' },
    })
  const remote = async (viewer: Viewer) =>
    `http://x:${(await stand.as(viewer).tokens.create({ team: 'demo', name: 'git' })).token}@127.0.0.1:${stand.settings.port}/git/demo/hello.git`
  try {
    const theirs = await remote(developer)
    await git('clone', '-q', theirs, 'a')
    await git('-C', 'a', 'commit', '-q', '--allow-empty', '-m', 'Mine')
    await expect(git('-C', 'a', 'push', theirs, 'main')).rejects.toThrow(
      'production is protected: deploying there needs the role admin or higher',
    )
    await git('-C', 'a', 'push', '-q', theirs, 'main:an-idea')
    await git('-C', 'a', 'push', '-q', await remote(owner), 'main')
    await eventually(async () => {
      const [newest] = await stand.as(owner).deployments.list({ team: 'demo', environment: 'production', limit: 1 })
      deploymentId = newest?.id ?? ''
      return newest?.route === 'git' && newest.message.startsWith('Mine')
    })
    await ended()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test(
  'a service that runs in a protected environment keeps its name, its audience and its former names',
  { timeout: 60_000 },
  async () => {
    const as = stand.as(developer)
    await as.services.create({ team: 'demo', name: 'mine', template: 'hello' })
    const refused = { code: 'forbidden', message: expect.stringContaining('production is protected') as string }
    expect(await refusal(as.services.rename({ team: 'demo', service: 'hello', name: 'hello-old' }))).toMatchObject(
      refused,
    )
    await stand.as(owner).services.rename({ team: 'demo', service: 'hello', name: 'greeter' })
    // Its former name leads to it: nobody else's service takes it.
    expect(await refusal(as.services.rename({ team: 'demo', service: 'mine', name: 'hello' }))).toMatchObject(refused)
    expect(await refusal(as.services.create({ team: 'demo', name: 'hello', template: 'hello' }))).toMatchObject(refused)
    await stand.as(owner).services.rename({ team: 'demo', service: 'greeter', name: 'hello' })
    // Its owner and contact are who is told when it fails there.
    for (const change of [
      { description: 'says hello' },
      { owner: 'dev@example.com' },
      { contact: '#mine' },
      { tags: ['mine'] },
    ])
      expect(await refusal(as.services.update({ team: 'demo', service: 'hello', ...change }))).toMatchObject(refused)
    await as.services.update({ team: 'demo', service: 'mine', contact: '#mine' })
    await as.services.rename({ team: 'demo', service: 'mine', name: 'mine-too' })
    // Nor does an admin whom the protection leaves out say who calls it, or give it another team's in its place.
    await protect({ deploy: { role: 'owner', people: [] }, secrets: admins, promote: admins })
    await stand.as(owner).members.setRole({ team: 'demo', userId: developer.person.id, role: 'admin' })
    expect(
      await refusal(as.services.share({ team: 'demo', service: 'hello', audience: { kind: 'anyone' } })),
    ).toMatchObject(refused)
    expect(
      await refusal(as.consumers.decide({ team: 'demo', service: 'hello', of: 'demo', verdict: 'approve' })),
    ).toMatchObject(refused)
    await as.teams.create({ name: 'theirs' })
    await as.services.create({ team: 'theirs', name: 'foreign', template: 'hello' })
    expect(await refusal(as.services.transfer({ team: 'theirs', service: 'foreign', to: 'demo' }))).toMatchObject(
      refused,
    )
    await stand.as(owner).members.setRole({ team: 'demo', userId: developer.person.id, role: 'developer' })
    await protect({ deploy: admins, secrets: admins, promote: admins })
  },
)

test('an environment that was protected does not come back by somebody who may not deploy there', async () => {
  await stand.as(owner).environments.create({ team: 'demo', name: 'careful', kind: 'shared' })
  await stand.as(owner).environments.protect({
    team: 'demo',
    environment: 'careful',
    protection: { deploy: admins, secrets: admins, promote: admins },
  })
  await stand.as(owner).environments.delete({ team: 'demo', environment: 'careful' })
  expect(await refusal(stand.as(developer).environments.restore({ team: 'demo', name: 'careful' }))).toMatchObject({
    code: 'forbidden',
  })
  await stand.as(owner).environments.restore({ team: 'demo', name: 'careful' })
})

test('what is deleted is what was looked at, also when its name leads to another by then', async () => {
  const made = await stand.as(owner).services.create({ team: 'demo', name: 'doomed', empty: true })
  await stand.as(owner).services.rename({ team: 'demo', service: 'doomed', name: 'spared' })
  await stand.as(owner).services.create({ team: 'demo', name: 'doomed', empty: true })
  expect(
    await refusal(stand.as(owner).services.delete({ team: 'demo', service: 'doomed', id: made.id })),
  ).toMatchObject({ code: 'conflict' })
  await stand.as(owner).services.delete({ team: 'demo', service: 'spared', id: made.id })
})

test('who is named may, whatever their role; who does not pass a protection does not lift it', async () => {
  await protect({ deploy: { role: 'owner', people: ['DEV@example.com'] }, secrets: admins, promote: admins })
  deploymentId = (await stand.as(developer).deployments.restart(at)).deploymentId
  await ended()
  expect(await refusal(stand.as(developer).terminals.open({ ...at, size: { cols: 80, rows: 24 } }))).toMatchObject({
    code: 'forbidden',
    data: { guard: 'secrets' },
  })
  await stand.as(owner).members.setRole({ team: 'demo', userId: developer.person.id, role: 'admin' })
  await protect({ deploy: { role: 'owner', people: [] }, secrets: admins, promote: admins })
  expect(
    await refusal(
      stand.as(developer).environments.protect({ team: 'demo', environment: 'production', protection: null }),
    ),
  ).toMatchObject({ code: 'forbidden' })
  expect(await refusal(stand.as(developer).services.delete({ team: 'demo', service: 'hello' }))).toMatchObject({
    code: 'forbidden',
    data: { environment: 'production', guard: 'deploy' },
  })
  expect(
    await refusal(
      protect({ deploy: { role: 'owner', people: ['nobody@example.com'] }, secrets: admins, promote: admins }),
    ),
  ).toMatchObject({ code: 'not_found', field: 'deploy' })
  await protect(null)
  await stand.as(developer).variables.set({ ...at, name: 'LEVEL', value: 'info' })
})
