import { expect, test } from 'vitest'
import { platformActor } from '#contract/rpc.ts'
import { openDb } from '#db/open.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import type { Platform } from '../platform.ts'
import { createTeam } from './teams.ts'

test('where teams cannot be kept apart there is one, unless the operator says that all trust one another', async () => {
  await using database = await temporaryDatabase()
  await using opened = openDb(database.options, 2)
  const platform = (teamsApart: boolean, teamsWithoutWalls: boolean) =>
    ({
      db: opened.db,
      settings: { teamsWithoutWalls },
      engine: { describe: () => ({ teamsApart }) },
      routing: { refresh: async () => {} },
      events: { emit: () => {} },
    }) as unknown as Platform
  const create = (name: string, ...walls: [boolean, boolean]) =>
    createTeam(platform(...walls), platformActor, { name, ownerId: null })
  await create('first', false, false)
  await expect(create('second', false, false)).rejects.toMatchObject({
    code: 'forbidden',
    fix: expect.stringContaining('M3O_TEAMS_WITHOUT_WALLS=1') as string,
  })
  expect(await create('second', false, true)).toMatchObject({ name: 'second' })
  expect(await create('third', true, false)).toMatchObject({ name: 'third' })
})
