import type { TRPCError } from '@trpc/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf, secretOf } from './testing/matrix/cast.ts'
import { eventually, startStand, type Stand } from './testing/stand.ts'
import { bodyOf } from './trpc.ts'
import type { Viewer } from './web.ts'

/* A personal environment is its owner's, theirs whom the owner lets in, and the team's admins'. */

const at = { team: 'demo', environment: 'adas', service: 'hello' }
let stand: Stand
let owner: Viewer
let ada: Viewer
let bob: Viewer
let carl: Viewer

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
  const join = async (name: string, role: 'admin' | 'developer') => {
    const viewer = await stand.viewerOf(
      await stand.web.people.create({
        email: `${name}@example.com`,
        name,
        password: 'a fine password',
        operator: false,
      }),
    )
    const { link } = await stand.as(owner).invitations.create({ team: 'demo', email: `${name}@example.com`, role })
    await stand.as(viewer).invitations.accept({ secret: secretOf(link) })
    return viewer
  }
  ada = await join('ada', 'developer')
  bob = await join('bob', 'developer')
  carl = await join('carl', 'admin')
  await stand.as(owner).services.create({ team: 'demo', name: 'hello', template: 'hello' })
  await stand.as(ada).environments.create({ team: 'demo', name: 'adas', kind: 'personal' })
  await deploy(ada)
  await stand.as(ada).variables.set({ ...at, name: 'KEY', value: 'of ada', secret: true })
}, 180_000)
afterAll(async () => stand[Symbol.asyncDispose]())

async function deploy(who: Viewer): Promise<void> {
  const { deploymentId } = await stand.as(who).deployments.start({ ...at, what: { draft: {} } })
  await eventually(async () => (await stand.as(who).deployments.get({ team: 'demo', deploymentId })).state === 'live')
}

const size = { cols: 80, rows: 24 }
const deeds: [string, (as: ReturnType<Stand['as']>) => Promise<unknown>][] = [
  ['deploy', (as) => as.deployments.start({ ...at, what: { draft: {} } })],
  ['restart', (as) => as.deployments.restart(at)],
  ['stop', (as) => as.services.kill(at)],
  ['configure', (as) => as.services.configure({ ...at, settings: { memoryMiB: 300 } })],
  ['read variables', (as) => as.variables.list(at)],
  ['set a variable', (as) => as.variables.set({ ...at, name: 'A', value: '1' })],
  ['take secrets', (as) => as.variables.reveal(at)],
  ['open a shell', (as) => as.terminals.open({ ...at, size })],
  ['drop its copy', (as) => as.environments.reset(at)],
  ['keep it', (as) => as.environments.keep({ team: 'demo', environment: 'adas' })],
  ['pin it', (as) => as.environments.pin({ team: 'demo', environment: 'adas' })],
  ['let people in', (as) => as.environments.letIn({ team: 'demo', environment: 'adas', people: ['bob@example.com'] })],
  ['delete it', (as) => as.environments.delete({ team: 'demo', environment: 'adas' })],
  ['make one on it', (as) => as.environments.create({ team: 'demo', name: 'on-adas', from: 'adas' })],
]

test.each(deeds)('another developer does not %s', async (_, deed) => {
  expect(await codeOf(() => deed(stand.as(bob)))).toBe('forbidden')
})

test('a refusal says whose it is and what to do; reading code, logs and the comparison stay everybody’s', async () => {
  const error = await stand
    .as(bob)
    .deployments.restart(at)
    .then(
      () => expect.fail('it was not refused'),
      (refused: TRPCError) => bodyOf(refused),
    )
  expect(error).toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('adas is personal: deploying there needs') as string,
    fix: expect.stringContaining('m3o env let-in adas bob@example.com') as string,
  })
  await stand.as(bob).logs.read({ team: 'demo', environment: 'adas', services: ['hello'] })
  await stand.as(bob).source.tree({ ...at, ref: { draft: true } })
  const { variables } = await stand.as(bob).environments.diff({ team: 'demo', environment: 'adas' })
  expect(JSON.stringify(variables)).not.toContain('of ada')
})

test('its branch takes no push of others, and its secrets go to nobody by an environment on it', async () => {
  await stand.as(ada).environments.create({ team: 'demo', name: 'adas-open', kind: 'shared', from: 'adas' })
  expect(
    (await stand.as(bob).variables.list({ ...at, environment: 'adas-open' })).find(({ name }) => name === 'KEY'),
  ).toMatchObject({ state: 'withheld' })
  await stand.as(ada).environments.create({ team: 'demo', name: 'adas-too', kind: 'personal', from: 'adas' })
  expect(
    (await stand.as(ada).variables.list({ ...at, environment: 'adas-too' })).find(({ name }) => name === 'KEY'),
  ).toMatchObject({ state: 'set' })
  await stand.as(ada).environments.delete({ team: 'demo', environment: 'adas-too' })
  await stand.as(ada).environments.delete({ team: 'demo', environment: 'adas-open' })
})

test(
  'whom the owner lets in works in it, and lets in nobody; admins may, and the audit has it',
  { timeout: 60_000 },
  async () => {
    await stand.as(ada).environments.letIn({ team: 'demo', environment: 'adas', people: ['bob@example.com'] })
    await deploy(bob)
    expect((await stand.as(bob).variables.reveal(at)).map(({ value }) => value)).toEqual(['of ada'])
    expect(
      await codeOf(() =>
        stand.as(bob).environments.letIn({ team: 'demo', environment: 'adas', people: ['carl@example.com'] }),
      ),
    ).toBe('forbidden')
    await stand.as(ada).environments.letIn({ team: 'demo', environment: 'adas', people: [] })
    expect(await codeOf(() => stand.as(bob).deployments.restart(at))).toBe('forbidden')
    await stand.as(carl).variables.set({ ...at, name: 'BY', value: 'an admin' })
    const audit = await stand.as(carl).audit.read({ team: 'demo', action: 'environment.admit' })
    expect(audit.map(({ actor, after }) => [actor.name, after])).toEqual([
      ['ada@example.com', { people: [] }],
      ['ada@example.com', { people: ['bob@example.com'] }],
    ])
    // Promoting from it is of the parent.
    const { promotionId } = await stand.as(bob).promotions.start({ team: 'demo', environment: 'adas' })
    await eventually(
      async () =>
        (await stand.as(bob).promotions.get({ team: 'demo', promotionId: promotionId ?? '' })).endedAt !== null,
    )
  },
)

test('of a member who leaves it is the admins’; nobody else brings back what they delete', async () => {
  await stand.as(owner).members.remove({ team: 'demo', userId: ada.person.id })
  expect(await codeOf(() => stand.as(ada).environments.keep({ team: 'demo', environment: 'adas' }))).toBe('not_found')
  expect(await codeOf(() => stand.as(bob).environments.delete({ team: 'demo', environment: 'adas' }))).toBe('forbidden')
  await stand.as(carl).environments.delete({ team: 'demo', environment: 'adas' })
  expect(await codeOf(() => stand.as(bob).environments.restore({ team: 'demo', name: 'adas' }))).toBe('forbidden')
  // Nor does anybody else take its name while it can come back.
  expect(await codeOf(() => stand.as(bob).environments.create({ team: 'demo', name: 'adas', kind: 'personal' }))).toBe(
    'name_taken',
  )
  expect(await codeOf(() => stand.as(carl).environments.restore({ team: 'demo', name: 'adas' }))).toBe('ok')
})
