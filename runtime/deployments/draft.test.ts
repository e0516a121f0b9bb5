import { execFileSync } from 'node:child_process'
import { mkdir, rmdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deployments } from '#db/schema.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'
import { hashObject } from '../source/objects.ts'

let platform: TestPlatform
beforeAll(async () => void (platform = await startPlatform()), 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

const text = (answer: string) => String(answering(answer)['index.js'])
const hashOf = (content: string) => hashObject('blob', Buffer.from(content))
const git = (serviceId: string, ...args: string[]) =>
  execFileSync('git', ['--git-dir', join(platform.home.path, 'source', `${serviceId}.git`), ...args], {
    encoding: 'utf8',
    env: {
      ...process.env,
      GIT_AUTHOR_NAME: 'Bob',
      GIT_AUTHOR_EMAIL: 'b@x.org',
      GIT_COMMITTER_NAME: 'Bob',
      GIT_COMMITTER_EMAIL: 'b@x.org',
    },
  }).trim()

function saveAndStart(serviceId: string, before: string, after: string) {
  return platform.rpc.call('deployments.saveAndStart', {
    serviceId,
    environmentId: platform.production,
    userId: platform.userId,
    path: 'index.js',
    text: text(after),
    expected: hashOf(text(before)),
    route: 'console',
  })
}
const recorded = (serviceId: string) =>
  platform.db
    .select({ commit: deployments.commit, state: deployments.state })
    .from(deployments)
    .where(eq(deployments.serviceId, serviceId))
    .orderBy(deployments.id)

test('what was typed last is saved, committed and live by one request', async () => {
  const { serviceId } = await platform.deploy('typed', answering('one'))
  const { deploymentId } = await saveAndStart(serviceId, 'one', 'two')
  expect(await platform.settled(deploymentId)).toMatchObject({
    state: 'live',
    commit: git(serviceId, 'rev-parse', 'main'),
    message: 'Edit index.js',
  })
  expect((await platform.call('typed')).body).toBe('two')
  expect(git(serviceId, 'fsck', '--strict', '--full', '--no-dangling')).toBe('')
}, 60_000)

test('a draft without changes deploys the newest commit again, and one that is refused deploys nothing', async () => {
  const { serviceId, commit } = await platform.deploy('unchanged', answering('one'))
  const pid = platform.runtime.pid()
  const { deploymentId } = await platform.rpc.call('deployments.start', {
    serviceId,
    environmentId: platform.production,
    what: { draft: { userId: platform.userId } },
    route: 'console',
  })
  expect(await platform.settled(deploymentId)).toMatchObject({ state: 'live', commit })
  await expect(saveAndStart(serviceId, 'never was', 'two')).rejects.toMatchObject({ code: 'conflict', field: 'path' })
  expect(await recorded(serviceId)).toHaveLength(2)
  expect((await platform.call('unchanged')).body).toBe('one')
  expect(await platform.rpc.call('services.get', { serviceId, environmentId: platform.production })).toMatchObject({
    id: serviceId,
  })
  expect(() => process.kill(pid, 0)).not.toThrow()
}, 60_000)

test('a commit that cannot land is deployed by nothing, and what was typed stays in the draft', async () => {
  const { serviceId } = await platform.deploy('stuck', answering('one'))
  const before = await recorded(serviceId)
  // A lock that an earlier git left, and that cannot be cleared away.
  const lock = join(platform.home.path, 'source', `${serviceId}.git/refs/heads/main.lock`)
  await mkdir(lock)
  await utimes(lock, 0, 0)
  await expect(saveAndStart(serviceId, 'one', 'two')).rejects.toThrow()
  expect(await recorded(serviceId)).toEqual(before)
  expect((await platform.call('stuck')).body).toBe('one')
  await rmdir(lock)
  const draft = await platform.rpc.call('source.read', {
    serviceId,
    ref: { draft: { userId: platform.userId, environmentId: platform.production } },
    path: 'index.js',
  })
  expect(draft.text).toBe(text('two'))
  const { deploymentId } = await saveAndStart(serviceId, 'two', 'three')
  expect((await platform.settled(deploymentId)).state).toBe('live')
  expect((await platform.call('stuck')).body).toBe('three')
}, 60_000)

test('while others push to the same branch, each deployment is of a commit that is in it', async () => {
  const { serviceId } = await platform.deploy('pushed', answering('0'))
  const push = () => {
    const tip = git(serviceId, 'rev-parse', 'main')
    const commit = git(serviceId, 'commit-tree', `${tip}^{tree}`, '-p', tip, '-m', 'Of Bob')
    // Refused when the branch has moved since.
    try {
      git(serviceId, 'update-ref', 'refs/heads/main', commit, tip)
    } catch {
      return
    }
  }
  for (let round = 1; round <= 5; round++) {
    const started = saveAndStart(serviceId, String(round - 1), String(round))
    for (let times = 0; times < 3; times++) push()
    const { deploymentId } = await started
    const { state, commit } = await platform.settled(deploymentId)
    expect(state).toBe('live')
    expect(git(serviceId, 'merge-base', '--is-ancestor', commit, 'main')).toBe('')
    expect((await platform.call('pushed')).body).toBe(String(round))
  }
  const all = await recorded(serviceId)
  expect(all.filter(({ state }) => state !== 'live')).toEqual([])
  expect(all).toHaveLength(6)
}, 60_000)
