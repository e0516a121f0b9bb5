import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Role } from '#contract/permissions.ts'
import { startStand, type Stand } from './testing/stand.ts'
import type { Viewer } from './web.ts'

let stand: Stand
const viewers = new Map<Role | 'eve', Viewer>()
const as = (who: Role | 'eve') => stand.as(viewers.get(who))
const hello = { team: 'demo', service: 'hello' }
const here = { ...hello, environment: 'production' }
const shared = { team: 'callers', name: '@demo/hello' }

beforeAll(async () => {
  stand = await startStand()
  const { person } = await stand.web.setup.run(stand.setupCode, {
    email: 'owner@example.com',
    name: 'Owner',
    password: 'a fine password',
  })
  viewers.set('owner', await stand.viewerOf(person))
  await as('owner').services.create({ team: 'demo', name: 'hello', template: 'hello' })
  for (const role of ['viewer', 'developer', 'admin', 'eve'] as const) {
    const one = await stand.web.people.create({
      email: `${role}@example.com`,
      name: role,
      password: 'a fine password',
      operator: false,
    })
    viewers.set(role, await stand.viewerOf(one))
    if (role === 'eve') continue
    const { link } = await as('owner').invitations.create({ team: 'demo', email: one.email, role })
    await as(role).invitations.accept({ secret: decodeURIComponent(new URL(link).pathname.split('/')[2] ?? '') })
  }
  await as('eve').teams.create({ name: 'callers' })
}, 60_000)

afterAll(async () => stand[Symbol.asyncDispose]())

test('only an admin of the owning team shares, deprecates, approves and limits; what is wrong with it is said at its field', async () => {
  for (const who of ['viewer', 'developer'] as const) {
    await expect(as(who).services.share({ ...hello, approval: true })).rejects.toThrow('needs the role admin')
    await expect(as(who).services.deprecate({ ...hello, deprecation: { message: 'x' } })).rejects.toThrow(
      'needs the role admin',
    )
    await expect(as(who).consumers.decide({ ...hello, of: 'callers', verdict: 'approve' })).rejects.toThrow(
      'needs the role admin',
    )
    await expect(as(who).consumers.limit({ ...hello, of: 'callers', perMinute: 5 })).rejects.toThrow(
      'needs the role admin',
    )
  }
  await as('admin').services.share({
    ...hello,
    audience: { kind: 'teams', teams: ['callers'] },
    approval: true,
    perMinute: 100,
    readable: 'callers',
  })
  expect(await as('viewer').services.get(here)).toMatchObject({
    approval: true,
    perMinute: 100,
    readable: 'callers',
    audience: { kind: 'teams', teams: ['callers'] },
  })
  // What is absent stays.
  await as('admin').services.share({ ...hello, perMinute: null })
  expect(await as('viewer').services.get(here)).toMatchObject({
    approval: true,
    perMinute: null,
    audience: { kind: 'teams' },
  })
  for (const perMinute of [0, -1, 1.5, 2_000_000])
    await expect(as('admin').services.share({ ...hello, perMinute })).rejects.toThrow()
  await expect(
    as('admin').services.deprecate({ ...hello, deprecation: { message: 'x', replacement: 'nothing' } }),
  ).rejects.toThrow('service nothing does not exist')
  await expect(as('developer').services.update({ ...hello, tags: ['no tag!'] })).rejects.toThrow('letters, digits')
  await as('developer').services.update({ ...hello, tags: ['Money', 'money', 'bank'], contact: '#oncall' })
  expect(await as('viewer').services.get(here)).toMatchObject({ tags: ['money', 'bank'], contact: '#oncall' })
  await expect(as('developer').services.update({ ...hello, contact: 'two\nlines' })).rejects.toThrow('one line')
})

test('the other team asks as a developer, and neither sees nor decides anything of the owner’s', async () => {
  const eve = as('eve')
  expect(await eve.services.shared(shared)).toMatchObject({ access: 'needed', owner: null, contact: '#oncall' })
  await expect(eve.shared.ask({ ...shared, reason: ' ' })).rejects.toThrow('enter a reason')
  await eve.shared.ask({ ...shared, reason: 'to greet' })
  expect(await as('viewer').consumers.asks({ team: 'demo' })).toMatchObject([
    { team: 'callers', service: 'hello', reason: 'to greet', by: 'eve@example.com' },
  ])
  expect(await eve.consumers.asks({ team: 'callers' })).toEqual([])
  for (const forbidden of [
    () => eve.consumers.list(hello),
    () => eve.consumers.decide({ ...hello, of: 'callers', verdict: 'approve' }),
    () => eve.services.dependants(hello),
    () => eve.shared.usage({ team: 'demo', name: '@demo/hello' }),
    () => eve.services.share({ ...hello, approval: false }),
    () => eve.services.deprecate({ ...hello, deprecation: null }),
  ])
    await expect(forbidden()).rejects.toThrow('team demo does not exist')
  await as('admin').consumers.decide({ ...hello, of: 'callers', verdict: 'approve', answer: 'welcome' })
  expect(await eve.shared.usage(shared)).toMatchObject({ state: 'approved', answer: 'welcome', total: { requests: 0 } })
  // Of the others that use it nothing is told.
  expect(JSON.stringify(await eve.shared.usage(shared))).not.toContain('demo')
  await expect(as('admin').consumers.decide({ ...hello, of: 'demo', verdict: 'approve' })).rejects.toThrow(
    'its own team',
  )
  await expect(as('admin').consumers.decide({ ...hello, of: 'nobody-knows', verdict: 'approve' })).rejects.toThrow(
    'team nobody-knows does not exist',
  )
})

test('a token that is limited to some services learns nothing of other teams’, and follows nothing', async () => {
  await as('eve').services.create({ team: 'callers', name: 'own', template: 'hello' })
  const { token } = await as('eve').tokens.create({
    team: 'callers',
    name: 'narrow',
    scope: { actions: ['*.read', 'service.follow', 'consumer.ask', 'service.create'], services: ['own'] },
  })
  const narrow = await stand.withToken(token)
  for (const refused of [
    () => narrow.shared.docs(shared),
    () => narrow.shared.tree(shared),
    () => narrow.shared.usage(shared),
    () => narrow.shared.follow({ ...shared, follow: true }),
  ]) {
    await expect(refused()).rejects.toThrow('service @demo/hello is not shared')
  }
  await expect(narrow.shared.ask({ ...shared, reason: 'x' })).rejects.toThrow('does not allow this here')
  expect(await narrow.shared.news({ team: 'callers' })).toEqual([])
})

test('git of a service that is readable elsewhere stays its team’s', async () => {
  await as('admin').services.share({ ...hello, readable: 'anyone' })
  const { token } = await as('eve').tokens.create({ team: 'callers', name: 'git' })
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request(
      `${stand.settings.url}/git/demo/hello.git/info/refs?service=git-upload-pack`,
      { headers: { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` } },
      (answer) => resolve(answer.resume().statusCode),
    )
      .on('error', reject)
      .end()
  })
  // A repository holds drafts' and environments' branches too: what is open is the revision that serves, in the console and by fork.
  expect(status).toBe(404)
})

test('each change of sharing is in the log of changes, of both teams where it concerns both', async () => {
  await as('admin').services.deprecate({
    ...hello,
    deprecation: { message: 'use another', sunset: Date.UTC(2030, 0, 1) },
  })
  await as('admin').consumers.limit({ ...hello, of: 'callers', perMinute: 7 })
  await as('admin').consumers.decide({ ...hello, of: 'callers', verdict: 'revoke' })
  const own = (await as('admin').audit.read({ team: 'demo' })).map(({ action, target }) => `${action} ${target}`)
  expect(own).toEqual(
    expect.arrayContaining([
      'service.deprecate service hello',
      'consumer.limit service hello',
      'consumer.revoke service hello',
      'consumer.ask service hello',
      'service.share service hello',
    ]),
  )
  const theirs = (await as('eve').audit.read({ team: 'callers' })).map(({ action, target }) => `${action} ${target}`)
  expect(theirs).toEqual(
    expect.arrayContaining([
      'consumer.ask service @demo/hello',
      'consumer.approve service @demo/hello',
      'consumer.revoke service @demo/hello',
    ]),
  )
})
