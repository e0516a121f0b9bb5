import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser } from '../testing/browser.ts'
import { startStand, type Stand } from '../testing/stand.ts'

let stand: Stand
let owner: ReturnType<Stand['as']>
let visitor: Browser
const password = 'correct horse'
let team = 'demo'
const host = () => `hello--${team}.localhost:${stand.gatewayPort}`

beforeAll(async () => {
  stand = await startStand()
  const { person } = await stand.web.setup.run(stand.setupCode, { email: 'ann@example.com', name: 'Ann', password })
  owner = stand.as(await stand.viewerOf(person))
  await owner.services.create({ team: 'demo', name: 'hello', template: 'hello' })
  await owner.services.share({ team: 'demo', service: 'hello', audience: { kind: 'platform' } })
  await stand.web.people.create({ email: 'eve@example.com', name: 'Eve', password, operator: false })
  visitor = stand.browser()
  await visitor.signIn('eve@example.com', password)
}, 240_000)
afterAll(() => stand[Symbol.asyncDispose](), 60_000)

const leadsTo = async (browser: Browser, to = '/a?b') => {
  const answer = await browser.fetch(
    `/handover?${new URLSearchParams({ host: host(), to, state: 'of-the-nonce' }).toString()}`,
  )
  return new URL(answer.headers.get('location') ?? '', stand.settings.url)
}
const consent = async () =>
  (await visitor.query('person.consent', { host: host() })).data as {
    serviceId: string
    service: string
    team: string
    agreed: boolean
  }

test('whoever is not of its team is asked before a service is told who they are; its team goes on', async () => {
  const asked = await leadsTo(visitor, '//evil.example')
  expect([asked.origin, asked.pathname, asked.searchParams.get('host'), asked.searchParams.get('to')]).toEqual([
    new URL(stand.settings.url).origin,
    '/sign-in/service',
    host(),
    '/',
  ])
  expect(await consent()).toMatchObject({ service: 'hello', team: 'demo', agreed: false })
  const ofTeam = stand.browser()
  await ofTeam.signIn('ann@example.com', password)
  expect((await leadsTo(ofTeam)).host).toBe(host())

  const { serviceId } = await consent()
  expect((await visitor.mutate('person.agree', { host: host(), serviceId: 'another' })).error?.code).toBe('conflict')
  expect((await visitor.mutate('person.agree', { host: 'evil.example', serviceId })).error?.code).toBe('bad_request')
  expect((await leadsTo(visitor)).pathname).toBe('/sign-in/service')
  expect((await visitor.mutate('person.agree', { host: host(), serviceId })).error).toBeUndefined()
  const there = await leadsTo(visitor)
  expect([there.host, there.pathname, there.searchParams.get('to')]).toEqual([host(), '/_m3o/handover', '/a?b'])
  expect((await visitor.query('person.consents', undefined)).data).toMatchObject([{ service: 'hello', team: 'demo' }])
  expect((await visitor.mutate('person.revokeConsent', { serviceId })).error).toBeUndefined()
  expect((await visitor.mutate('person.revokeConsent', { serviceId })).error?.code).toBe('not_found')
  expect((await leadsTo(visitor)).pathname).toBe('/sign-in/service')
}, 60_000)

test('what was agreed to for one team is not for the next that owns the service; a page of another origin agrees to nothing', async () => {
  const { serviceId } = await consent()
  await visitor.mutate('person.agree', { host: host(), serviceId })
  await owner.teams.create({ name: 'heirs' })
  await owner.services.transfer({ team: 'demo', service: 'hello', to: 'heirs' })
  team = 'heirs'
  expect(await consent()).toMatchObject({ team: 'heirs', agreed: false })
  const forged = await visitor.fetch('/api/trpc/person.agree?batch=1', {
    method: 'POST',
    body: JSON.stringify({ 0: { host: host(), serviceId } }),
    headers: { 'content-type': 'application/json', origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' },
  })
  expect(forged.status).toBe(403)
  expect(await consent()).toMatchObject({ agreed: false })
}, 60_000)

test('for whoever is not of its audience a private service is as one that does not exist', async () => {
  await owner.services.create({ team: 'demo', name: 'secret', empty: true })
  const at = (label: string) => ({ host: `${label}.localhost:${stand.gatewayPort}` })
  const [private_, missing, nowhere] = await Promise.all(
    ['secret--demo', 'missing--demo', 'missing--nowhere'].map((label) => visitor.query('person.consent', at(label))),
  )
  expect(private_?.error).toMatchObject({ code: 'not_found' })
  expect(JSON.stringify(private_)).not.toMatch(/secret|demo/)
  expect([private_?.error, nowhere?.error]).toEqual([missing?.error, missing?.error])
  expect((await visitor.mutate('person.agree', { ...at('secret--demo'), serviceId: 'any' })).error?.code).toBe(
    'not_found',
  )
  const open = async (label: string) =>
    (
      await visitor.fetch(
        `/handover?${new URLSearchParams({ ...at(label), to: '/', state: 'of-the-nonce' }).toString()}`,
      )
    ).status
  expect(await open('secret--demo')).toBe(await open('missing--demo'))
  await owner.services.share({ team: 'demo', service: 'secret', audience: { kind: 'platform' } })
  expect((await visitor.query('person.consent', at('secret--demo'))).data).toMatchObject({
    service: 'secret',
    agreed: false,
  })
}, 60_000)
