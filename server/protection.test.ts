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
  owner = await stand.viewerOf((await stand.web.setup.run(stand.setupCode, { email: 'owner@example.com', name: 'Owner', password: 'a fine password' })).person)
  const dev = await stand.web.people.create({ email: 'dev@example.com', name: 'Dev', password: 'a fine password', operator: false })
  developer = await stand.viewerOf(dev)
  const { link } = await stand.as(owner).invitations.create({ team: 'demo', email: dev.email, role: 'developer' })
  await stand.as(developer).invitations.accept({ secret: decodeURIComponent(new URL(link).pathname.split('/')[2] ?? '') })
  await stand.as(owner).services.create({ team: 'demo', name: 'hello', template: 'hello' })
  await stand.as(owner).variables.set({ ...at, name: 'LEVEL', value: 'debug' })
  deploymentId = (await stand.as(owner).deployments.start({ ...at, what: { draft: {} } })).deploymentId
  await ended()
  await stand.as(developer).environments.create({ team: 'demo', name: 'dev' })
  await protect({ deploy: admins, secrets: admins, promote: admins })
}, 90_000)
afterAll(async () => stand[Symbol.asyncDispose]())

type Protection = Parameters<ReturnType<Stand['as']>['environments']['protect']>[0]['protection']
const protect = (protection: Protection) => stand.as(owner).environments.protect({ team: 'demo', environment: 'production', protection })
const ended = () => eventually(async () => !isUnderWay((await stand.as(owner).deployments.get({ team: 'demo', deploymentId })).state))

async function refusal(work: Promise<unknown>): Promise<ErrorBody> {
  return work.then(() => expect.fail('it was not refused'), (error: TRPCError) => bodyOf(error))
}

test('a refusal says why, who may, and where one may oneself', async () => {
  expect(await refusal(stand.as(developer).deployments.restart(at))).toEqual({
    code: 'forbidden', message: 'production is protected: deploying there needs the role admin or higher; you are developer',
    fix: 'Ask owner@example.com, or work in an environment of your own: m3o env create NAME.',
    data: { action: 'service.deploy', environment: 'production', guard: 'deploy', needs: 'admin', role: 'developer', who: ['owner@example.com'] },
  })
})

test('what is found by its id is of its environment too', async () => {
  const as = stand.as(developer)
  expect(await refusal(as.deployments.cancel({ team: 'demo', deploymentId }))).toMatchObject({ code: 'forbidden', message: expect.stringContaining('is protected') as string })
  expect((await as.deployments.diff({ team: 'demo', deploymentId })).variables).toEqual([])
  expect((await stand.as(owner).deployments.diff({ team: 'demo', deploymentId })).variables).toMatchObject([{ name: 'LEVEL' }])
})

test('a folder is refused with 403 before it is read, and goes where nothing stands in its way', async () => {
  const { token } = await stand.as(developer).tokens.create({ team: 'demo', name: 'command' })
  const pack = tar.pack()
  pack.entry({ name: 'index.js' }, `require('node:http').createServer((_, response) => response.end('hi')).listen(process.env.PORT, process.env.HOST)`)
  pack.finalize()
  const body = Buffer.concat(await Array.fromAsync(pack as AsyncIterable<Buffer>))
  const send = (environment: string) => fetch(`${stand.settings.url}/api/upload/deploy?team=demo&environment=${environment}&service=hello`, { method: 'POST', body, headers: { authorization: `Bearer ${token}` } })
  const refused = await send('production')
  expect(refused.status).toBe(403)
  expect(await refused.json()).toMatchObject({ code: 'forbidden', message: expect.stringContaining('production is protected') as string })
  const taken = await send('dev')
  expect(taken.status).toBe(200)
  deploymentId = ((await taken.json()) as { deploymentId: string }).deploymentId
  await ended()
})

test('a branch whose push would deploy there takes no push from them; others do', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-git-'))
  const git = async (...args: string[]) => run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: folder, env: { NODE_ENV: 'test', PATH: process.env.PATH ?? '', HOME: folder, GIT_TERMINAL_PROMPT: '0' } })
  const remote = async (viewer: Viewer) => `http://x:${(await stand.as(viewer).tokens.create({ team: 'demo', name: 'git' })).token}@127.0.0.1:${stand.settings.port}/git/demo/hello.git`
  try {
    const theirs = await remote(developer)
    await git('clone', '-q', theirs, 'a')
    await git('-C', 'a', 'commit', '-q', '--allow-empty', '-m', 'Mine')
    await expect(git('-C', 'a', 'push', theirs, 'main')).rejects.toThrow('production is protected: deploying there needs the role admin or higher')
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

test('who is named may, whatever their role; who does not pass a protection does not lift it', async () => {
  await protect({ deploy: { role: 'owner', people: ['DEV@example.com'] }, secrets: admins, promote: admins })
  deploymentId = (await stand.as(developer).deployments.restart(at)).deploymentId
  await ended()
  expect(await refusal(stand.as(developer).terminals.open({ ...at, size: { cols: 80, rows: 24 } }))).toMatchObject({ code: 'forbidden', data: { guard: 'secrets' } })
  await stand.as(owner).members.setRole({ team: 'demo', userId: developer.person.id, role: 'admin' })
  await protect({ deploy: { role: 'owner', people: [] }, secrets: admins, promote: admins })
  expect(await refusal(stand.as(developer).environments.protect({ team: 'demo', environment: 'production', protection: null }))).toMatchObject({ code: 'forbidden' })
  expect(await refusal(stand.as(developer).services.delete({ team: 'demo', service: 'hello' }))).toMatchObject({ code: 'forbidden', data: { environment: 'production', guard: 'deploy' } })
  expect(await refusal(protect({ deploy: { role: 'owner', people: ['nobody@example.com'] }, secrets: admins, promote: admins }))).toMatchObject({ code: 'not_found', field: 'deploy' })
  await protect(null)
  await stand.as(developer).variables.set({ ...at, name: 'LEVEL', value: 'info' })
})
