import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deployments } from '#db/schema.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'
import { OneAtATime } from './resumed.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform()
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

/** Is checked until its deadline, a minute later. */
const silent = { 'index.js': 'setInterval(() => {}, 1000)' }
const rowOf = async (id: string) =>
  (
    await platform.db
      .select({ state: deployments.state, resumed: deployments.resumed, error: deployments.error })
      .from(deployments)
      .where(eq(deployments.id, id))
  )[0]
const reached = (id: string, state: string) =>
  expect.poll(async () => (await rowOf(id))?.state, { timeout: 30_000 }).toBe(state)

test('what is under way each time the runtime is killed is resumed twice, then ends as failed; a start in order does not count', async () => {
  const { deploymentId: id } = await platform.upload('stubborn', silent)
  await reached(id, 'checking')
  await platform.runtime.stop()
  await platform.runtime.killAndStartAgain()
  expect((await rowOf(id))?.resumed).toBe(0)
  for (const resumed of [1, 2]) {
    await reached(id, 'checking')
    await platform.runtime.killAndStartAgain()
    await expect.poll(async () => (await rowOf(id))?.resumed, { timeout: 30_000 }).toBe(resumed)
  }
  await reached(id, 'checking')
  await platform.runtime.killAndStartAgain()
  expect(await rowOf(id)).toMatchObject({
    state: 'failed',
    error: { message: 'the platform stopped each of the 3 times that it worked on this, so it is not tried again' },
  })
  expect((await platform.deploy('stubborn', answering('mended'))).state).toBe('live')
}, 120_000)

test('of those that are under way each time, one is resumed at a time, so that the others do not end with it', async () => {
  const ids = [(await platform.upload('one', silent)).deploymentId, (await platform.upload('two', silent)).deploymentId]
  const [first = '', second = ''] = ids
  for (let kill = 0; kill < 2; kill++) {
    await Promise.all((kill === 0 ? ids : [first]).map((id) => reached(id, 'checking')))
    await platform.runtime.killAndStartAgain()
  }
  await expect.poll(async () => (await rowOf(first))?.resumed, { timeout: 30_000 }).toBe(2)
  expect(await rowOf(second)).toMatchObject({ resumed: 1, state: 'building' })
  await reached(first, 'checking')
  await platform.runtime.killAndStartAgain()
  expect((await rowOf(first))?.state).toBe('failed')
  // Superseded while it is resumed, or waits for that.
  expect((await platform.deploy('two', answering('two'))).state).toBe('live')
  expect((await rowOf(second))?.state).toBe('superseded')
}, 120_000)

test('one at a time: the next begins when the one before has ended, however it ended', async () => {
  const lane = new OneAtATime()
  const first = Promise.withResolvers<void>()
  const order: string[] = []
  const all = [
    lane.run(async () => {
      order.push('first')
      await first.promise
    }),
    lane.run(async () => {
      order.push('second')
    }),
  ]
  await Promise.resolve()
  expect(order).toEqual(['first'])
  first.reject(new Error('it failed'))
  expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(order).toEqual(['first', 'second'])
})
