import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import {
  maxEnvironmentsOfTeam,
  maxOpenInvitations,
  maxServicesOfTeam,
  maxTokensOfPerson,
  maxTokensOfTeam,
} from '#contract/bounds.ts'
import { newId } from '#contract/ids.ts'
import type { Role } from '#contract/permissions.ts'
import { openDb } from '#db/open.ts'
import { environments, invitations, members, services, tokens, users } from '#db/schema.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import { createEnvironment } from '../environments/environments.ts'
import type { Platform } from '../platform.ts'
import { createService } from '../services/services.ts'
import { createToken } from '../tokens/tokens.ts'
import { acceptInvitation, createInvitation, listInvitations, readInvitation } from './invitations.ts'
import { createTeam } from './teams.ts'

async function start() {
  const database = await temporaryDatabase()
  const opened = openDb(database.options, 2)
  const { db } = opened
  const platform = {
    db,
    settings: { teamsWithoutWalls: true },
    engine: { describe: () => ({ teamsApart: true }) },
    routing: { refresh: async () => {}, refreshPerson: async () => {} },
    events: { emit: () => {} },
    disk: { requireRoom: () => {} },
    source: { repositories: { create: async () => {}, delete: async () => {} } },
  } as unknown as Platform
  const person = async (name: string) => {
    const id = newId('user')
    await db.insert(users).values({ id, name, email: `${name}@example.com`, createdAt: Date.now() })
    return { kind: 'person' as const, id, name, from: 'test' }
  }
  const ann = await person('ann')
  const { id: teamId } = await createTeam(platform, ann, { name: 'demo', ownerId: ann.id })
  const become = async (userId: string, role: Role | null) => {
    await db.delete(members).where(and(eq(members.teamId, teamId), eq(members.userId, userId)))
    if (role !== null) await db.insert(members).values({ teamId, userId, role, createdAt: Date.now() })
  }
  return {
    db,
    platform,
    person,
    ann,
    teamId,
    become,
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

test('an invitation is void while its maker may not make it', { timeout: 60_000 }, async () => {
  await using at = await start()
  const { platform, teamId, become } = at
  const [admin, guest] = [await at.person('admin'), await at.person('guest')]
  await become(admin.id, 'admin')
  const made = await createInvitation(platform, admin, { teamId, email: 'guest@example.com', role: 'admin' })
  expect(made.by).toMatchObject({ id: admin.id, name: 'admin' })
  expect(await listInvitations(platform, teamId)).toMatchObject([{ id: made.id, by: { id: admin.id } }])
  for (const role of [null, 'viewer', 'developer'] as const) {
    await become(admin.id, role)
    const isVoid = {
      code: 'not_found',
      message: 'this invitation is void: its sender may no longer invite people to this team with this role',
    }
    await expect(readInvitation(platform, made.secret)).rejects.toMatchObject(isVoid)
    await expect(acceptInvitation(platform, guest, { secret: made.secret, userId: guest.id })).rejects.toMatchObject(
      isVoid,
    )
    expect(await listInvitations(platform, teamId)).toEqual([])
  }
  await become(admin.id, 'admin')
  expect(await acceptInvitation(platform, guest, { secret: made.secret, userId: guest.id })).toMatchObject({
    role: 'admin',
  })
})

test('a team and a person make only so many of anything, and are told what to do', { timeout: 120_000 }, async () => {
  await using at = await start()
  const { db, platform, ann, teamId } = at
  const many = <T>(number: number, row: (n: number) => T) => Array.from({ length: number }, (_, n) => row(n))
  const fill = async <T>(rows: T[], write: (some: T[]) => Promise<unknown>) => {
    for (let from = 0; from < rows.length; from += 2_000) await write(rows.slice(from, from + 2_000))
  }
  const createdAt = Date.now()
  const refused = (what: string) => ({
    code: 'forbidden',
    message: expect.stringContaining(what) as string,
    fix: expect.stringMatching(/^(Delete|Revoke)/) as string,
  })

  await fill(
    many(maxOpenInvitations - 1, (n) => ({
      id: newId('invitation'),
      teamId,
      email: `${n}@example.com`,
      role: 'viewer' as const,
      secretHash: `h${n}`,
      byUserId: ann.id,
      createdAt,
      expiresAt: createdAt + 3_600_000,
    })),
    (rows) => db.insert(invitations).values(rows),
  )
  const invite = (email: string) => createInvitation(platform, ann, { teamId, email, role: 'viewer' })
  await invite('last@example.com')
  await expect(invite('more@example.com')).rejects.toMatchObject(refused(`${maxOpenInvitations} open invitations`))
  // Those of an admin who was removed are void, and in nobody's way.
  const removed = await at.person('removed')
  await db.update(invitations).set({ byUserId: removed.id })
  await invite('more@example.com')

  const token = (n: number, of: { userId: string } | { userId: null; role: 'viewer' }) => ({
    id: newId('token'),
    teamId,
    name: `t${n}`,
    hash: `${of.userId}${n}`,
    scope: {},
    createdAt,
    ...of,
  })
  await fill(
    many(maxTokensOfPerson, (n) => token(n, { userId: ann.id })),
    (rows) => db.insert(tokens).values(rows),
  )
  const create = (userId: string | null) =>
    createToken(platform, ann, {
      teamId,
      userId,
      role: userId === null ? 'viewer' : null,
      name: 'more',
      scope: {},
      environmentId: null,
      expiresAt: null,
    })
  await expect(create(ann.id)).rejects.toMatchObject(refused(`${maxTokensOfPerson} tokens of this person`))
  await fill(
    many(maxTokensOfTeam - maxTokensOfPerson - 1, (n) => token(n, { userId: null, role: 'viewer' })),
    (rows) => db.insert(tokens).values(rows),
  )
  await create(null)
  await expect(create(null)).rejects.toMatchObject(refused('1,000 tokens in this team'))

  await fill(
    many(maxServicesOfTeam - 2, (n) => ({
      id: newId('service'),
      teamId,
      name: `s${n}`,
      audience: { kind: 'team' as const },
      createdAt,
    })),
    (rows) => db.insert(services).values(rows),
  )
  const made = await Promise.allSettled(
    ['a', 'b', 'c', 'd'].map((name) => createService(platform, ann, { teamId, name, files: null, ownerId: null })),
  )
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  expect(made.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))).toMatchObject([
    refused('20,000 services'),
    refused('20,000 services'),
  ])

  await fill(
    many(maxEnvironmentsOfTeam - 1, (n) => ({
      id: newId('environment'),
      teamId,
      name: `e${n}`,
      kind: 'shared' as const,
      createdAt,
    })),
    (rows) => db.insert(environments).values(rows),
  )
  await expect(
    createEnvironment(platform, ann, { teamId, name: 'more', parentId: null, ownerId: ann.id }),
  ).rejects.toMatchObject(refused('1,000 environments'))
})
