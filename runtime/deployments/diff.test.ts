import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Deployment } from '#contract/records.ts'
import { deployments } from '#db/schema.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

let platform: TestPlatform
const of: Record<string, Deployment> = {}

/** What a deployment changed: the short commit it is compared with, and its files. */
async function changed(name: string) {
  const { from, inheritedFrom, files } = await platform.rpc.call('deployments.diff', {
    deploymentId: of[name]?.id ?? '',
  })
  return { from: from?.slice(0, 7) ?? null, inheritedFrom, files: files.map(({ path, change }) => `${change} ${path}`) }
}

beforeAll(async () => {
  platform = await startPlatform()
  of.first = await platform.deploy('kept', answering('1'))
  of.failed = await platform.deploy('kept', { ...answering('x'), 'index.js': 'process.exit(3)' })
  of.second = await platform.deploy('kept', { ...answering('2'), 'later.js': '' })
  const at = { serviceId: of.first.serviceId, environmentId: platform.production }
  of.back = await platform.settled(
    (await platform.rpc.call('deployments.rollback', { ...at, to: of.first.id })).deploymentId,
  )
  const { id: environmentId } = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'alice',
    kind: 'personal',
    parentId: platform.production,
    ownerId: platform.userId,
  })
  of.override = await platform.deploy('kept', { ...answering('1'), 'mine.js': '' }, environmentId)
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

test('a deployment is compared with what it replaced, whatever is live now', async () => {
  expect(await changed('first')).toEqual({ from: null, inheritedFrom: null, files: ['added index.js'] })
  expect(await changed('second')).toEqual({
    from: of.first?.revision,
    inheritedFrom: null,
    files: ['modified index.js', 'added later.js'],
  })
  expect(await changed('back')).toEqual({
    from: of.second?.revision,
    inheritedFrom: null,
    files: ['modified index.js', 'deleted later.js'],
  })
})

test('one that failed is compared with what was live when it began, also where that was not recorded', async () => {
  const expected = { from: of.first?.revision, inheritedFrom: null, files: ['modified index.js'] }
  expect(await changed('failed')).toEqual(expected)
  await platform.db
    .update(deployments)
    .set({ replacesId: null })
    .where(eq(deployments.id, of.failed?.id ?? ''))
  expect(await changed('failed')).toEqual(expected)
})

test('a first override is compared with the revision that it overrides', async () => {
  expect(await changed('override')).toEqual({
    from: of.first?.revision,
    inheritedFrom: 'production',
    files: ['added mine.js'],
  })
})
