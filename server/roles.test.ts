import { TRPCError } from '@trpc/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mayDo, type Role, roles } from '#contract/permissions.ts'
import { guardAgainst, type Protection } from '#contract/protection.ts'
import { commandToken } from './people/command-token.ts'
import { appRouter } from './router.ts'
import { bodyOf, type Meta } from './trpc.ts'
import { startStand, type Stand } from './testing/stand.ts'
import type { Viewer } from './web.ts'

let stand: Stand
const viewers = new Map<Role | 'outsider', Viewer>()

beforeAll(async () => {
  stand = await startStand()
  const { person } = await stand.web.setup.run(stand.setupCode, {
    email: 'owner@example.com',
    name: 'Owner',
    password: 'a fine password',
  })
  viewers.set('owner', await stand.viewerOf(person))
  const owner = stand.as(viewers.get('owner'))
  await owner.services.create({ team: 'demo', name: 'hello', template: 'hello' })
  for (const role of ['viewer', 'developer', 'admin', 'outsider'] as const) {
    const one = await stand.web.people.create({
      email: `${role}@example.com`,
      name: role,
      password: 'a fine password',
      operator: false,
    })
    const viewer = await stand.viewerOf(one)
    viewers.set(role, viewer)
    if (role === 'outsider') continue
    const { link } = await owner.invitations.create({ team: 'demo', email: one.email, role })
    await stand
      .as(viewer)
      .invitations.accept({ secret: decodeURIComponent(new URL(link).pathname.split('/')[2] ?? '') })
  }
}, 60_000)

afterAll(async () => stand[Symbol.asyncDispose]())

/** They need no more input than the names, so whoever may call them would do it. */
const destructive = [
  'teams.delete',
  'services.delete',
  'services.kill',
  'environments.delete',
  'environments.reset',
  'environments.unpin',
  'environments.pin',
  'members.leave',
  'person.logout',
  'person.endOtherSessions',
]
const names = { team: 'demo', environment: 'production', service: 'hello' }
const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, { _def: { meta?: Meta } }>)

async function codeOf(procedure: string, viewer: Viewer | undefined, input: unknown = names): Promise<string> {
  const [noun = '', verb = ''] = procedure.split('.')
  const routers = stand.as(viewer) as unknown as Record<string, Record<string, (input: unknown) => Promise<unknown>>>
  try {
    await routers[noun]?.[verb]?.(input)
    return 'ok'
  } catch (error) {
    return bodyOf(error as TRPCError).code
  }
}

test('in a protected environment every procedure also asks for what protects it, of a token as of its maker', async () => {
  const owner = stand.as(viewers.get('owner'))
  const anyone = { role: 'viewer' as const, people: [] }
  await owner.environments.create({ team: 'demo', name: 'free', kind: 'shared' })
  const wrong: string[] = []
  for (const protection of [
    {
      deploy: { role: 'admin', people: [] },
      secrets: { role: 'owner', people: [] },
      promote: { role: 'admin', people: [] },
    },
    {
      deploy: anyone,
      secrets: { role: 'owner', people: [viewers.get('developer')?.person.id ?? ''] },
      promote: anyone,
    },
  ] satisfies Protection[]) {
    const byEmail = ({ role, people }: Protection['deploy']) => ({
      role,
      people: people.map(() => 'developer@example.com'),
    })
    await owner.environments.protect({
      team: 'demo',
      environment: 'production',
      protection: {
        deploy: byEmail(protection.deploy),
        secrets: byEmail(protection.secrets),
        promote: byEmail(protection.promote),
      },
    })
    for (const [name, { _def }] of procedures) {
      const { action, place } = _def.meta as Meta
      if (place === 'person' || place === 'team') continue
      for (const role of roles) {
        const viewer = viewers.get(role)
        if (!mayDo(action, { signedIn: true, operator: false, role })) continue
        const isGuarded = place !== 'service' || name === 'services.delete'
        const guard = isGuarded
          ? guardAgainst(protection, action, { role, personId: viewer?.person.id ?? '' })
          : undefined
        if (guard === undefined && destructive.includes(name)) continue
        const code = await codeOf(name, viewer)
        if ((code === 'forbidden') !== (guard !== undefined))
          wrong.push(`${name} (${action}) as ${role}, ${guard ?? 'unguarded'}: ${code}`)
        if (guard !== undefined && !destructive.includes(name) && place !== 'service') {
          const elsewhere = await codeOf(name, viewer, { ...names, environment: 'free' })
          if (elsewhere === 'forbidden') wrong.push(`${name} as ${role} in an environment that nothing protects`)
        }
      }
    }
  }
  expect(wrong).toEqual([])
  const { token } = await stand.as(viewers.get('developer')).tokens.create({ team: 'demo', name: 'of a developer' })
  await owner.environments.protect({
    team: 'demo',
    environment: 'production',
    protection: { deploy: { role: 'admin', people: [] }, secrets: anyone, promote: anyone },
  })
  await expect((await stand.withToken(token)).deployments.restart(names)).rejects.toThrow('production is protected')
  await owner.environments.protect({ team: 'demo', environment: 'production', protection: null })
}, 120_000)

test('a promotion asks for the permission where it goes to, and a token must reach both environments', async () => {
  const owner = stand.as(viewers.get('owner'))
  await owner.environments.create({ team: 'demo', name: 'moving', kind: 'personal' })
  await owner.environments.create({ team: 'demo', name: 'on-top', kind: 'personal', from: 'moving' })
  expect(await codeOf('promotions.start', viewers.get('developer'), { team: 'demo', environment: 'moving' })).toBe(
    'not_in_this_state',
  )
  expect(await codeOf('promotions.start', viewers.get('viewer'), { team: 'demo', environment: 'moving' })).toBe(
    'forbidden',
  )
  expect(await codeOf('promotions.start', viewers.get('owner'), { team: 'demo', environment: 'production' })).toBe(
    'not_in_this_state',
  )
  const { token } = await owner.tokens.create({ team: 'demo', name: 'narrow', scope: { environments: ['on-top'] } })
  const narrow = await stand.withToken(token)
  await expect(narrow.promotions.start({ team: 'demo', environment: 'on-top' })).rejects.toThrow(
    'does not allow this here',
  )
  await expect(
    narrow.environments.diff({ team: 'demo', environment: 'on-top', against: 'production' }),
  ).rejects.toThrow('does not allow this here')
  await expect(narrow.environments.diff({ team: 'demo', environment: 'moving' })).rejects.toThrow(
    'does not allow this here',
  )
})

test('who is not in a team cannot tell whether it, or something in it, exists', async () => {
  const outsider = stand.as(viewers.get('outsider'))
  const messages = await Promise.all(
    [names, { ...names, service: 'nothing' }, { ...names, team: 'demo' }].map(async (given) =>
      outsider.services.get(given).then(
        () => 'found',
        (error: Error) => error.message,
      ),
    ),
  )
  expect(new Set(messages)).toEqual(new Set(['team demo does not exist, or you are not a member']))
  expect(await outsider.services.get({ ...names, team: 'other' }).catch((error: Error) => error.message)).toBe(
    'team other does not exist, or you are not a member',
  )
})

test('an admin makes and unmakes no owners', async () => {
  const admin = stand.as(viewers.get('admin'))
  const owner = viewers.get('owner')?.person.id ?? ''
  expect(await codeOf('members.setRole', viewers.get('admin'), { team: 'demo', userId: owner, role: 'viewer' })).toBe(
    'forbidden',
  )
  expect(await codeOf('members.remove', viewers.get('admin'), { team: 'demo', userId: owner })).toBe('forbidden')
  await expect(admin.invitations.create({ team: 'demo', email: 'x@example.com', role: 'owner' })).rejects.toThrow(
    'only an owner',
  )
})

test('a token does no more than its scope, its team and its maker allow', async () => {
  const owner = stand.as(viewers.get('owner'))
  await owner.services.create({ team: 'demo', name: 'other', template: 'hello' })
  await owner.environments.create({ team: 'demo', name: 'alice', kind: 'personal' })
  await owner.teams.create({ name: 'second' })
  const { token } = await owner.tokens.create({
    team: 'demo',
    name: 'limited',
    scope: { actions: ['*.read', 'service.deploy', 'token.write'], services: ['hello'], environments: ['alice'] },
  })
  const limited = await stand.withToken(token)
  const here = { team: 'demo', environment: 'alice', service: 'hello' }
  expect((await limited.services.get(here)).name).toBe('hello')
  await expect(limited.services.get({ ...here, service: 'other' })).rejects.toThrow('does not allow this here')
  await expect(limited.services.get({ ...here, environment: 'production' })).rejects.toThrow('does not allow this here')
  await expect(limited.variables.set({ ...here, name: 'A', value: '1' })).rejects.toThrow('scope does not include')
  await expect(limited.deployments.saveAndStart({ ...here, path: 'a.txt', text: '', expected: null })).rejects.toThrow(
    'scope does not include source.write',
  )
  await expect(limited.teams.create({ name: 'third' })).rejects.toThrow('scope does not include')
  await expect(limited.platform.status()).rejects.toThrow('scope does not include')
  await expect(limited.environments.list({ team: 'second' })).rejects.toThrow('team second does not exist')
  expect((await limited.services.list(here)).map(({ name }) => name)).toEqual(['hello'])
  expect((await limited.environments.list({ team: 'demo' })).map(({ name }) => name)).toEqual(['alice'])
  expect((await limited.teams.list()).map(({ name }) => name)).toEqual(['demo'])
  await expect(
    limited.tokens.create({ team: 'demo', name: 'wider', scope: { actions: ['variable.write'] } }),
  ).rejects.toThrow('a wider scope than its own')
  await expect(limited.tokens.create({ team: 'demo', name: 'wider', scope: { services: ['other'] } })).rejects.toThrow(
    'a wider scope than its own',
  )
  const second = await limited.tokens.create({ team: 'demo', name: 'same' })
  expect(second.scope.services).toHaveLength(1)
})

test('a token may do no more than its maker may at the moment', async () => {
  const developer = viewers.get('developer')
  const { token } = await stand.as(developer).tokens.create({ team: 'demo', name: 'mine' })
  const program = await stand.withToken(token)
  await program.variables.set({ ...names, name: 'A', value: '1' })
  const owner = stand.as(viewers.get('owner'))
  await owner.members.setRole({ team: 'demo', userId: developer?.person.id ?? '', role: 'viewer' })
  await expect(program.variables.set({ ...names, name: 'A', value: '2' })).rejects.toThrow('needs the role developer')
})

test("the command's sign-in acts in all of its person's teams, also after they left the one it began in", async () => {
  const developer = viewers.get('developer')
  const person = developer?.person ?? expect.fail()
  const { token } = await commandToken(stand.web, person, { team: 'demo', from: 'test', name: undefined })
  const command = await stand.withToken(token)
  await command.teams.create({ name: 'own-team' })
  expect(await command.services.list({ team: 'own-team', environment: 'production' })).toEqual([])
  await stand.as(viewers.get('owner')).members.remove({ team: 'demo', userId: person.id })
  const still = await stand.withToken(token)
  expect((await still.teams.list()).map(({ name }) => name)).toEqual(['own-team'])
  await expect(still.services.list({ team: 'demo', environment: 'production' })).rejects.toThrow(
    'team demo does not exist',
  )
})
