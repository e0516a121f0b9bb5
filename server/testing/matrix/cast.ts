import type { TRPCError } from '@trpc/server'
import { isPlatformError } from '#contract/errors.ts'
import type { Role } from '#contract/permissions.ts'
import { commandToken } from '../../people/command-token.ts'
import { byToken } from '../../people/viewer.ts'
import { eventually, type Stand } from '../stand.ts'
import { bodyOf } from '../../trpc.ts'
import type { Viewer } from '../../web.ts'
import { furnish } from './world.ts'

/** Everybody who tries each door of team `demo`. */
export const people = ['operator', 'other team', 'viewer', 'developer', 'admin', 'owner', 'removed'] as const
export const narrowTokens = ['token of another service', 'token of another environment'] as const
export const tokens = [
  'expired token',
  'token of a removed member',
  'token of another team',
  'token of another action',
  ...narrowTokens,
] as const
export const actors = ['nobody', ...people, ...tokens] as const
export type ActorName = (typeof actors)[number]
type PersonName = (typeof people)[number]

export const password = 'a fine password'
export const emailOf = (name: PersonName) => `${name.replace(' ', '-')}@example.com`
export const roleOf = (name: ActorName): Role | undefined =>
  name === 'viewer' || name === 'developer' || name === 'admin' || name === 'owner' ? name : undefined

export type Cast = Awaited<ReturnType<typeof assemble>>

/** Two teams with all that a team can have, and everybody who has, had, or never had something to do with the first. */
export async function assemble(stand: Stand) {
  const { web } = stand
  const { person } = await web.setup.run(stand.setupCode, { email: emailOf('operator'), name: 'operator', password })
  const operator = await stand.viewerOf(person)
  const viewers = new Map<PersonName, Viewer>([['operator', operator]])
  for (const name of people) {
    if (name === 'operator') continue
    viewers.set(
      name,
      await stand.viewerOf(await web.people.create({ email: emailOf(name), name, password, operator: false })),
    )
  }
  const viewerOf = (name: PersonName): Viewer => viewers.get(name) ?? missing(name)
  const as = (name: PersonName) => stand.as(viewerOf(name))

  /** Who is there already makes the invitation, the person accepts it. */
  async function join(team: string, name: PersonName, role: Role, by = stand.as(operator)): Promise<void> {
    const { link } = await by.invitations.create({ team, email: emailOf(name), role })
    await as(name).invitations.accept({ secret: secretOf(link) })
  }
  await join('demo', 'owner', 'owner')
  for (const role of ['viewer', 'developer', 'admin'] as const) await join('demo', role, role)
  await join('demo', 'removed', 'developer')
  // Who runs the platform is in none of its teams.
  await stand.as(operator).members.leave({ team: 'demo' })
  await as('other team').teams.create({ name: 'other' })
  await as('owner').teams.create({ name: 'elsewhere' })

  const [demo, other] = await Promise.all([
    furnish(stand, viewerOf('owner'), 'demo'),
    furnish(stand, viewerOf('other team'), 'other'),
  ])

  const make = async (by: PersonName, name: string, more: object = {}, team = 'demo') =>
    (await as(by).tokens.create({ team, name, ...more })).token
  const ofRemoved = await make('removed', 'of one who goes')
  const commandOf = new Map<PersonName, string>()
  for (const name of people)
    if (name !== 'operator')
      commandOf.set(
        name,
        (await commandToken(web, viewerOf(name).person, { team: undefined, from: 'test', name: 'command' })).token,
      )
  await as('owner').members.remove({ team: 'demo', userId: viewerOf('removed').person.id })
  const made: Record<(typeof tokens)[number], string> = {
    'expired token': await make('owner', 'short', { expiresAt: Date.now() + 2_000 }),
    'token of a removed member': ofRemoved,
    'token of another team': await make('owner', 'of elsewhere', {}, 'elsewhere'),
    'token of another action': await make('owner', 'reads logs', { scope: { actions: ['log.read'] } }),
    'token of another service': await make('owner', 'of one service', { scope: { services: [demo.apart] } }),
    'token of another environment': await make('owner', 'of one environment', {
      scope: { environments: [demo.aside] },
    }),
  }
  /** In place of the one that may read logs, where reading logs is asked for. */
  const readsTeams = await make('owner', 'reads the team', { scope: { actions: ['team.read'] } })
  await eventually(async () => (await codeOf(() => byToken(web, made['expired token'], 'test'))) === 'unauthenticated')

  const cookies = new Map<ActorName, string>()
  for (const name of people) {
    const browser = stand.browser()
    await browser.signIn(emailOf(name), password)
    cookies.set(name, browser.cookie)
  }
  const secretOfToken = (name: ActorName, action?: string): string | undefined =>
    name === 'token of another action' && action?.startsWith('log.')
      ? readsTeams
      : (made[name as keyof typeof made] ?? commandOf.get(name as PersonName))

  return {
    stand,
    demo,
    other,
    as,
    join,
    viewerOf,
    cookies,
    /** The secret with which a program acts as somebody: a person's own command, or the token. */
    secretOf: secretOfToken,
    /** @throws PlatformError of a token that is not good any more */
    async viewer(name: ActorName, action?: string): Promise<Viewer | undefined> {
      if (name === 'nobody') return undefined
      return viewers.get(name as PersonName) ?? byToken(web, secretOfToken(name, action) ?? '', 'test')
    },
  }
}

export const secretOf = (link: string) => decodeURIComponent(new URL(link).pathname.split('/')[2] ?? '')

/** Its error's code, or `ok`. */
export async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
    return 'ok'
  } catch (error) {
    return isPlatformError(error) ? error.code : bodyOf(error as TRPCError).code
  }
}

function missing(name: string): never {
  throw new Error(`there is no ${name} in this cast`)
}
