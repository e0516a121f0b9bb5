import { expect, test } from 'vitest'
import { startStand } from './testing/stand.ts'

test('what another team shares is in the catalogue and can be read, without what only its own team needs; and is gone when it is not shared any more', async () => {
  await using stand = await startStand()
  const { person } = await stand.web.setup.run(stand.setupCode, {
    email: 'owner@example.com',
    name: 'Owner',
    password: 'a fine password',
  })
  const owner = stand.as(await stand.viewerOf(person))
  const stranger = stand.as(
    await stand.viewerOf(
      await stand.web.people.create({
        email: 'eve@example.com',
        name: 'Eve',
        password: 'a fine password',
        operator: false,
      }),
    ),
  )
  await owner.services.create({ team: 'demo', name: 'hello', template: 'hello' })
  await stranger.teams.create({ name: 'callers' })
  await stranger.teams.create({ name: 'others' })
  const seen = async (team: string) =>
    (await stranger.services.catalogue({ team, environment: 'production' })).map(
      (service) => `@${service.team}/${service.name}`,
    )
  const read = (team: string, name = '@demo/hello') => stranger.services.shared({ team, name })

  expect(await seen('callers')).toEqual([])
  await expect(read('callers')).rejects.toThrow('service @demo/hello is not shared with callers')

  await owner.services.share({ team: 'demo', service: 'hello', audience: { kind: 'teams', teams: ['callers'] } })
  expect(await seen('callers')).toEqual(['@demo/hello'])
  expect(await seen('others')).toEqual([])
  expect(await read('callers')).toMatchObject({
    team: 'demo',
    name: 'hello',
    owner: null,
    instances: [],
    lastDeployment: null,
    reason: null,
    audience: { kind: 'teams', teams: ['callers'] },
  })
  await expect(read('others')).rejects.toThrow('is not shared with others')
  await expect(stranger.services.get({ team: 'demo', environment: 'production', service: 'hello' })).rejects.toThrow(
    'team demo does not exist',
  )
  for (const odd of ['', 'hello', '@demo', '@demo/hello/x', '@/', `@demo/'; drop table services`])
    await expect(read('callers', odd)).rejects.toThrow('is not shared with callers')

  await owner.services.share({ team: 'demo', service: 'hello', audience: { kind: 'platform' } })
  expect(await seen('others')).toEqual(['@demo/hello'])
  expect(
    (await owner.services.catalogue({ team: 'demo', environment: 'production' })).filter(
      ({ name }) => name === 'hello',
    ),
  ).toHaveLength(1)
  expect((await stranger.services.list({ team: 'others', environment: 'production' })).map(({ team }) => team)).toEqual(
    ['demo'],
  )

  await owner.services.share({ team: 'demo', service: 'hello', audience: { kind: 'team' } })
  expect(await seen('others')).toEqual([])
}, 60_000)
