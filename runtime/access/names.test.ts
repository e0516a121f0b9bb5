import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { maxFormerNames, maxTeamsOfPerson } from '#contract/bounds.ts'
import { newId } from '#contract/ids.ts'
import { openDb } from '#db/open.ts'
import { services, teams, users } from '#db/schema.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import type { Platform } from '../platform.ts'
import { createTeam, deleteTeam, renameTeam } from '../teams/teams.ts'
import { claimName, deletedNameMs, keepFormerName } from './names.ts'

async function start() {
  const database = await temporaryDatabase()
  const opened = openDb(database.options, 2)
  const { db } = opened
  const platform = {
    db,
    settings: { teamsWithoutWalls: true },
    engine: { describe: () => ({ teamsApart: true }) },
    routing: { refresh: async () => {} },
    events: { emit: () => {} },
  } as unknown as Platform
  const person = async (name: string) => {
    const id = newId('user')
    await db.insert(users).values({ id, name, email: `${name}@example.com`, createdAt: Date.now() })
    const actor = { kind: 'person' as const, id, name, from: 'test' }
    return {
      create: (team: string) => createTeam(platform, actor, { name: team, ownerId: id }),
      rename: (teamId: string, team: string) => renameTeam(platform, actor, teamId, team),
      delete: (teamId: string) => deleteTeam(platform, actor, teamId),
    }
  }
  const service = async (teamId: string, name: string, deletedAt: number | null = null) => {
    const row = {
      id: newId('service'),
      teamId,
      name,
      audience: { kind: 'team' as const },
      createdAt: Date.now(),
      deletedAt,
    }
    await db.transaction((tx) =>
      claimName(tx, { kind: 'service', scope: teamId, name, id: row.id }, () => tx.insert(services).values(row)),
    )
    return row.id
  }
  return {
    db,
    person,
    service,
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

const taken = {
  code: 'name_taken',
  field: 'name',
  message: 'the team name delta is not available: another team uses or used it',
}

test(
  'a former name of a team is taken by no other team; the team itself can take it back',
  { timeout: 60_000 },
  async () => {
    await using at = await start()
    const [bob, eve] = [await at.person('bob'), await at.person('eve')]
    const team = await bob.create('delta')
    await bob.rename(team.id, 'omega')
    await expect(eve.create('delta')).rejects.toMatchObject(taken)
    const other = await eve.create('other')
    await expect(eve.rename(other.id, 'delta')).rejects.toMatchObject(taken)
    await expect(eve.create('omega')).rejects.toMatchObject({
      ...taken,
      message: taken.message.replace('delta', 'omega'),
    })
    await bob.rename(team.id, 'delta')
    await expect(eve.create('omega')).rejects.toMatchObject({ code: 'name_taken' })
  },
)

test(
  'names of a deleted team that had services stay with its owners for 30 days; without services they are free at once',
  { timeout: 60_000 },
  async () => {
    await using at = await start()
    const [bob, eve] = [await at.person('bob'), await at.person('eve')]
    const empty = await bob.create('empty')
    await bob.delete(empty.id)
    expect(await eve.create('empty')).toMatchObject({ name: 'empty' })
    const team = await bob.create('delta')
    await at.service(team.id, 'gone', Date.now())
    await bob.rename(team.id, 'omega')
    await bob.delete(team.id)
    for (const name of ['delta', 'omega']) await expect(eve.create(name)).rejects.toMatchObject({ code: 'name_taken' })
    expect(await bob.create('omega')).toMatchObject({ name: 'omega' })
    await at.db
      .update(teams)
      .set({ deletedAt: Date.now() - deletedNameMs })
      .where(eq(teams.id, team.id))
    expect(await eve.create('delta')).toMatchObject({ name: 'delta' })
  },
)

test(
  'a former name of a service that another team has is taken by no other service; within one team it may be',
  { timeout: 60_000 },
  async () => {
    await using at = await start()
    const bob = await at.person('bob')
    const [from, to] = [await bob.create('delta'), await bob.create('omega')]
    const id = await at.service(from.id, 'orders')
    await at.db.transaction(async (tx) => {
      await tx.update(services).set({ teamId: to.id }).where(eq(services.id, id))
      await keepFormerName(tx, { kind: 'service', scope: from.id, name: 'orders', id })
    })
    await expect(at.service(from.id, 'orders')).rejects.toMatchObject({
      code: 'name_taken',
      message: 'orders still leads to a service that was transferred to another team',
    })
    await at.db.transaction((tx) =>
      claimName(tx, { kind: 'service', scope: from.id, name: 'orders', id }, () =>
        tx.update(services).set({ teamId: from.id }).where(eq(services.id, id)),
      ),
    )
    await at.db.transaction(async (tx) => {
      await tx.update(services).set({ name: 'renamed' }).where(eq(services.id, id))
      await keepFormerName(tx, { kind: 'service', scope: from.id, name: 'orders', id })
    })
    await at.service(from.id, 'orders')
  },
)

test('nobody reserves any number of names', { timeout: 60_000 }, async () => {
  await using at = await start()
  const [bob, eve] = [await at.person('bob'), await at.person('eve')]
  const team = await bob.create('delta')
  for (let n = 0; n < maxFormerNames; n++) await bob.rename(team.id, `name${n}`)
  await expect(bob.rename(team.id, 'another')).rejects.toMatchObject({
    code: 'conflict',
    message: `a team can have at most ${maxFormerNames} former names`,
  })
  await bob.rename(team.id, 'delta')
  for (let n = 0; n < maxTeamsOfPerson; n++) {
    const made = await eve.create(`of-eve${n}`)
    if (n > 0) continue
    await at.service(made.id, 'gone', Date.now())
    await eve.delete(made.id)
  }
  await expect(eve.create('one-more')).rejects.toMatchObject({
    code: 'forbidden',
    message: `you own ${maxTeamsOfPerson} teams, which is the limit`,
  })
})
