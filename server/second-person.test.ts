import type { TRPCError } from '@trpc/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startStand, type Stand } from './testing/stand.ts'
import { codeOf, secretOf } from './testing/matrix/cast.ts'
import { bodyOf } from './trpc.ts'
import type { Viewer } from './web.ts'

/* A promotion that is asked for by one person and let go by another. */

const at = { team: 'demo', environment: 'alice', service: 'hello' }
let stand: Stand
let ann: Viewer
let bob: Viewer
let carl: Viewer
let eve: Viewer

beforeAll(async () => {
  stand = await startStand()
  ann = await stand.viewerOf(
    (await stand.web.setup.run(stand.setupCode, { email: 'ann@example.com', name: 'Ann', password: 'a fine password' }))
      .person,
  )
  const join = async (name: string, role: 'admin' | 'developer') => {
    const viewer = await stand.viewerOf(
      await stand.web.people.create({
        email: `${name}@example.com`,
        name,
        password: 'a fine password',
        operator: false,
      }),
    )
    const { link } = await stand.as(ann).invitations.create({ team: 'demo', email: `${name}@example.com`, role })
    await stand.as(viewer).invitations.accept({ secret: secretOf(link) })
    return viewer
  }
  ;[bob, carl] = [await join('bob', 'admin'), await join('carl', 'developer')]
  eve = await stand.viewerOf(
    await stand.web.people.create({
      email: 'eve@example.com',
      name: 'Eve',
      password: 'a fine password',
      operator: false,
    }),
  )
  await stand.as(eve).teams.create({ name: 'other' })
  await stand.as(ann).services.create({ team: 'demo', name: 'hello', template: 'hello' })
  await stand.as(ann).environments.create({ team: 'demo', name: 'alice', kind: 'personal' })
  await deploy('one')
  const admins = { role: 'admin' as const, people: [] }
  await stand.as(ann).environments.protect({
    team: 'demo',
    environment: 'production',
    protection: { deploy: admins, secrets: admins, promote: admins, approval: true },
  })
}, 90_000)
afterAll(async () => stand[Symbol.asyncDispose]())

async function deploy(text: string): Promise<void> {
  const as = stand.as(ann)
  await as.source.save({ ...at, path: `${text}.md`, text, expected: null })
  const { deploymentId } = await as.deployments.start({ ...at, what: { draft: {} } })
  await eventually(async () => (await as.deployments.get({ team: 'demo', deploymentId })).state === 'live')
}

const ask = async (by: Viewer) => {
  const { promotionId, request } = await stand.as(by).promotions.start({ team: 'demo', environment: 'alice' })
  expect(promotionId).toBeNull()
  return request ?? expect.fail()
}
const requests = () => stand.as(ann).promotions.requests({ team: 'demo' })
const seenIn = async (requestId: string) => (await requests()).find(({ id }) => id === requestId)?.seen ?? expect.fail()
const answer = (by: Viewer, verb: 'approve' | 'decline', requestId: string) =>
  codeOf(async () =>
    verb === 'approve'
      ? stand.as(by).promotions.approve({ team: 'demo', requestId, seen: await seenIn(requestId) })
      : stand.as(by).promotions.decline({ team: 'demo', requestId }),
  )
const serving = async () => (await stand.as(ann).services.get({ ...at, environment: 'production' })).revision

test(
  'who asks does not approve, who may not promote does neither, and another team knows nothing of it',
  { timeout: 60_000 },
  async () => {
    const before = await serving()
    const request = await ask(ann)
    expect(request).toMatchObject({
      state: 'waiting',
      from: 'alice',
      into: 'production',
      by: { name: 'ann@example.com' },
      services: [{ name: 'hello' }],
    })
    expect(await serving()).toBe(before)
    expect(await answer(ann, 'approve', request.id)).toBe('forbidden')
    expect(await answer(carl, 'approve', request.id)).toBe('forbidden')
    expect(await answer(carl, 'decline', request.id)).toBe('forbidden')
    expect(
      await codeOf(() => stand.as(eve).promotions.approve({ team: 'demo', requestId: request.id, seen: request.seen })),
    ).toBe('not_found')
    expect(
      await codeOf(() =>
        stand.as(eve).promotions.approve({ team: 'other', requestId: request.id, seen: request.seen }),
      ),
    ).toBe('not_found')
    // Nor does a token of the asker's, nor one of a machine's.
    const { token: own } = await stand.as(ann).tokens.create({ team: 'demo', name: 'own' })
    const limited = await stand.withToken(own)
    expect(
      await codeOf(() => limited.promotions.approve({ team: 'demo', requestId: request.id, seen: request.seen })),
    ).toBe('forbidden')
    const { token: theirs } = await stand.as(bob).tokens.create({ team: 'demo', name: 'theirs' })
    const program = await stand.withToken(theirs)
    expect(
      await codeOf(() => program.promotions.approve({ team: 'demo', requestId: request.id, seen: request.seen })),
    ).toBe('forbidden')
    const { promotionId } = await stand
      .as(bob)
      .promotions.approve({ team: 'demo', requestId: request.id, seen: request.seen })
    await eventually(async () => (await stand.as(ann).promotions.get({ team: 'demo', promotionId })).state === 'live')
    expect(await serving()).not.toBe(before)
    expect(await answer(bob, 'approve', request.id)).toBe('not_in_this_state')
    const [newest] = await stand.as(ann).promotions.requests({ team: 'demo' })
    expect(newest).toMatchObject({ state: 'approved', decidedBy: 'bob@example.com', promotionId })
    const audit = await stand.as(ann).audit.read({ team: 'demo', action: 'environment.promote.*' })
    expect(audit.map(({ action, actor }) => [action, actor.name])).toEqual([
      ['environment.promote.approve', 'bob@example.com'],
      ['environment.promote.request', 'ann@example.com'],
    ])
  },
)

test(
  'one that is declined, or whose parent has moved on, does not begin; two who approve at once begin it once',
  { timeout: 90_000 },
  async () => {
    await deploy('two')
    const declined = await ask(ann)
    expect(
      await codeOf(() =>
        stand.as(bob).promotions.decline({ team: 'demo', requestId: declined.id, reason: 'not on a Friday' }),
      ),
    ).toBe('ok')
    expect(await answer(bob, 'approve', declined.id)).toBe('not_in_this_state')
    expect(
      (await stand.as(ann).promotions.requests({ team: 'demo' })).find(({ id }) => id === declined.id),
    ).toMatchObject({ state: 'declined', reason: 'not on a Friday' })
    const [late, now] = [await ask(ann), await ask(ann)]
    const both = await Promise.all([answer(bob, 'approve', now.id), answer(bob, 'approve', now.id)])
    expect(both.filter((code) => code === 'ok')).toHaveLength(1)
    const { promotionId } =
      (await stand.as(ann).promotions.requests({ team: 'demo' })).find(({ id }) => id === now.id) ?? expect.fail()
    await eventually(
      async () =>
        (await stand.as(ann).promotions.get({ team: 'demo', promotionId: promotionId ?? '' })).state === 'live',
    )
    expect(await answer(bob, 'approve', late.id)).toMatch(/conflict|not_in_this_state/)
    expect((await stand.as(ann).promotions.requests({ team: 'demo' })).find(({ id }) => id === late.id)).toMatchObject({
      state: 'waiting',
    })
    expect(await answer(ann, 'decline', late.id)).toBe('ok')
  },
)

test(
  'what is approved is what was asked for and looked at: nothing that came since reaches production',
  { timeout: 120_000 },
  async () => {
    await deploy('three')
    const before = await serving()
    const request = await ask(ann)
    const wanted = request.services.map(({ revision }) => revision)
    expect(
      await codeOf(() =>
        stand.as(bob).promotions.approve({ team: 'demo', requestId: request.id, seen: '0'.repeat(64) }),
      ),
    ).toBe('conflict')

    // Another revision comes into the environment after it was looked at.
    await deploy('swapped')
    const error = await stand
      .as(bob)
      .promotions.approve({ team: 'demo', requestId: request.id, seen: request.seen })
      .then(
        () => expect.fail('it was approved'),
        (refused: TRPCError) => bodyOf(refused),
      )
    expect(error).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('hello') as string,
      data: { changes: [{ service: 'hello', what: [expect.stringContaining(`it had ${wanted[0]}`)] }] },
    })
    expect(await serving()).toBe(before)
    expect((await requests()).find(({ id }) => id === request.id)).toMatchObject({
      state: 'waiting',
      changes: [{ service: 'hello' }],
    })
    expect(await answer(ann, 'decline', request.id)).toBe('ok')

    // So does a change of what the comparison showed besides: a variable of the parent, settings there.
    for (const change of [
      () => stand.as(ann).variables.set({ ...at, environment: 'production', name: 'LEVEL', value: 'debug' }),
      () =>
        stand.as(ann).variables.set({ ...at, environment: 'production', name: 'KEY', value: 'a secret', secret: true }),
      () => stand.as(ann).services.configure({ ...at, environment: 'production', settings: { memoryMiB: 300 } }),
    ]) {
      const asked = await ask(ann)
      await change()
      expect(await answer(bob, 'approve', asked.id)).toBe('conflict')
      expect(await answer(ann, 'decline', asked.id)).toBe('ok')
    }

    await stand.as(ann).variables.delete({ ...at, environment: 'production', name: 'KEY' })
    const again = await ask(ann)
    const { promotionId } = await stand
      .as(bob)
      .promotions.approve({ team: 'demo', requestId: again.id, seen: again.seen })
    await eventually(async () => (await stand.as(ann).promotions.get({ team: 'demo', promotionId })).state === 'live')
    expect(await serving()).toBe(again.services[0]?.revision)
  },
)

test('a promotion without a second person is of what the comparison showed, too', { timeout: 60_000 }, async () => {
  await stand.as(ann).environments.create({ team: 'demo', name: 'below', kind: 'personal', from: 'alice' })
  const there = { ...at, environment: 'below' }
  const put = async (text: string) => {
    await stand.as(ann).source.save({ ...there, path: `${text}.md`, text, expected: null })
    const { deploymentId } = await stand.as(ann).deployments.start({ ...there, what: { draft: {} } })
    await eventually(async () => (await stand.as(ann).deployments.get({ team: 'demo', deploymentId })).endedAt !== null)
    expect((await stand.as(ann).deployments.get({ team: 'demo', deploymentId })).state).toBe('live')
  }
  await put('first')
  const [row] = (await stand.as(ann).environments.diff({ team: 'demo', environment: 'below' })).services
  const seen = { hello: row?.seen ?? '' }
  await put('second')
  expect(await codeOf(() => stand.as(ann).promotions.start({ team: 'demo', environment: 'below', seen }))).toBe(
    'conflict',
  )
  expect(await codeOf(() => stand.as(ann).promotions.start({ team: 'demo', environment: 'below', seen: {} }))).toBe(
    'conflict',
  )
  const [now] = (await stand.as(ann).environments.diff({ team: 'demo', environment: 'below' })).services
  expect(
    await codeOf(() =>
      stand.as(ann).promotions.start({ team: 'demo', environment: 'below', seen: { hello: now?.seen ?? '' } }),
    ),
  ).toBe('ok')
})
