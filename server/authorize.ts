import { PlatformError, isPlatformError } from '#contract/errors.ts'
import { type Action, actions, mayDo, type Role } from '#contract/permissions.ts'
import { guardAgainst, type Guarded, isEverywhere, spokenRefusal } from '#contract/protection.ts'
import type { Environment } from '#contract/records.ts'
import { isLimited } from './people/token-scope.ts'
import type { Viewer, Web } from './web.ts'

/** Names of what a request is about, as people and URLs say them. */
export interface Names {
  team: string
  environment?: string | undefined
  service?: string | undefined
}

/** The same by immutable ids; names are the current ones, also when a former one was given. */
export interface AtTeam {
  teamId: string
  team: string
  role: Role
}
export interface AtEnvironment extends AtTeam {
  environmentId: string
  environment: string
  environmentKind: Environment['kind']
}
export interface AtService extends AtTeam {
  serviceId: string
  service: string
}
export type AtServiceHere = AtEnvironment & AtService

/** The ids that names of this shape lead to. */
export type At<N extends Names> = AtTeam &
  (N extends { environment: string } ? AtEnvironment : unknown) &
  (N extends { service: string } ? AtService : unknown)

/** Actions that need no team: everybody's, a person's own, the operator's. */
export type PersonalAction = {
  [A in Action]: (typeof actions)[A] extends 'nobody' | 'person' | 'operator' ? A : never
}[Action]
export type TeamAction = Exclude<Action, PersonalAction>

/** Refuses by the table of contract/permissions.ts; for what belongs to no team. */
export function authorizePersonal(viewer: Viewer | undefined, action: PersonalAction): void {
  if (actions[action] === 'nobody') return
  const person = signedIn(viewer)
  if (mayDo(action, { signedIn: true, operator: person.operator, role: undefined, scope: person.token?.scope })) return
  throw refusal(action, person)
}

export interface AuthorizeOptions {
  /** The procedure narrows its own answer to the services and environments of the token's scope. */
  listing?: boolean
  /** Other actions that it does on the way, which must be allowed as well. */
  also?: readonly TeamAction[]
}

/**
 * Resolves names to ids and refuses by the table of contract/permissions.ts, and by what protects the environment
 * (contract/protection.ts); what changes a service everywhere is asked in each protected one where it was deployed. Who is not a member is told that the team
 * does not exist, so that names do not leak.
 * @throws PlatformError `unauthenticated`, `not_found`, `forbidden`
 */
export async function authorize<N extends Names>(
  web: Pick<Web, 'runtime'>,
  viewer: Viewer | undefined,
  action: TeamAction,
  names: N,
  { listing = false, also = [] }: AuthorizeOptions = {},
): Promise<At<N>> {
  const person = signedIn(viewer)
  const { at, guarded } = await resolve(web, person, names)
  for (const each of [action, ...also]) {
    if (!mayDo(each, { signedIn: true, operator: person.operator, role: at.role, scope: person.token?.scope }))
      throw refusal(each, person, at.role)
    for (const one of names.environment === undefined && !isEverywhere(each) ? [] : guarded) {
      const refused = await refusalOfProtected(web, person, { at, action: each, ...one })
      if (refused !== undefined) throw refused
    }
    if (!listing)
      requireInScope(person, { serviceId: at.serviceId ?? null, environmentId: at.environmentId ?? null }, each)
  }
  return at as unknown as At<N>
}

/** Whether somebody may do it there, for answers that leave out what they may not. */
export async function may(
  web: Pick<Web, 'runtime'>,
  viewer: Viewer | undefined,
  action: TeamAction,
  names: Names,
): Promise<boolean> {
  return authorize(web, viewer, action, names, { listing: true }).then(
    () => true,
    (error: unknown) => {
      if (!isPlatformError(error)) throw error
      // What is asked about may be of an environment that is gone, which protects nothing any more.
      return error.code === 'not_found'
    },
  )
}

/** Why an environment's protection does not let somebody do this there, and who may; undefined when it does. */
export async function refusalOfProtected(
  web: Pick<Web, 'runtime'>,
  viewer: Viewer,
  { at, action, environment, protection }: { at: AtTeam; action: Action; environment: string; protection: Guarded },
): Promise<PlatformError | undefined> {
  const guard = guardAgainst(protection, action, { personId: viewer.person.id, role: at.role })
  if (guard === undefined) return undefined
  const { role: least, people } = protection[guard] ?? protection.deploy
  const isPersonal = protection.own !== undefined
  const members = await web.runtime.call('members.list', { teamId: at.teamId }, { actor: viewer.actor })
  const who = members
    .filter(({ person, role }) => guardAgainst(protection, action, { personId: person.id, role }) === undefined)
    .map(({ person }) => person.email)
  const named = members.filter(({ person }) => people.includes(person.id)).map(({ person }) => person.email)
  return new PlatformError(
    'forbidden',
    spokenRefusal(environment, guard, { least, role: at.role, named, isPersonal }),
    {
      fix: `${isPersonal && guard !== 'own' ? `Ask its owner for access (m3o env let-in ${environment} ${viewer.person.email})` : `Ask ${spokenList(who)}`}, or work in your own environment: m3o env create NAME.`,
      data: { action, environment, guard, needs: least, role: at.role, who },
    },
  )
}

/**
 * A name that still leads to a service leads to another one once it is taken: where that is protected, whoever takes it must be
 * allowed to rename the service that it leads to.
 */
export async function requireNameMayBeTaken(
  web: Pick<Web, 'runtime'>,
  viewer: Viewer,
  names: { team: string; service: string },
): Promise<void> {
  await authorize(web, viewer, 'service.rename', names, { listing: true }).catch((error: unknown) => {
    if (!isPlatformError(error) || error.code !== 'not_found') throw error
  })
}

function spokenList(who: readonly string[]): string {
  if (who.length === 0) return 'an owner of the team'
  return who.length > 4
    ? `${who.slice(0, 3).join(', ')} or one of ${who.length - 3} more`
    : who.length === 1
      ? String(who[0])
      : `${who.slice(0, -1).join(', ')} or ${who.at(-1)}`
}

/** For things found by their own id: they must belong to the team that was authorized, and to the token's scope. */
export function requireOwn(
  viewer: Viewer,
  at: AtTeam,
  thing: { teamId: string; serviceId: string; environmentId: string },
  what: string,
): void {
  if (thing.teamId !== at.teamId || !isInScope(viewer, thing))
    throw new PlatformError('not_found', `this ${what} does not exist`)
}

/** A token may be limited to some services and environments; both must fit, whatever is null is not looked at. */
export function isInScope(
  viewer: Viewer,
  thing: { serviceId?: string | null; environmentId?: string | null },
): boolean {
  const { services, environments } = viewer.token?.scope ?? {}
  if (services !== undefined && thing.serviceId != null && !services.includes(thing.serviceId)) return false
  return !(environments !== undefined && thing.environmentId != null && !environments.includes(thing.environmentId))
}

export function signedIn(viewer: Viewer | undefined): Viewer {
  if (viewer !== undefined) return viewer
  throw new PlatformError('unauthenticated', 'you are not signed in', {
    fix: 'Sign in, or give a token (`m3o login`).',
  })
}

async function resolve(web: Pick<Web, 'runtime'>, viewer: Viewer, names: Names) {
  const { team, environment, service } = names
  const ask = (what: Omit<Names, 'team'>) =>
    web.runtime.call('access.resolve', { userId: viewer.person.id, team, ...what }, { actor: viewer.actor })
  const missing = () => new PlatformError('not_found', `team ${team} does not exist, or you are not a member`)
  const found = await ask({
    ...(environment !== undefined && { environment }),
    ...(service !== undefined && { service }),
  }).catch(async (error: unknown) => {
    if (!isPlatformError(error) || (error.code !== 'not_found' && error.code !== 'environment_gone')) throw error
    // Only members learn which name it was that is unknown.
    const alone = await ask({}).catch(() => undefined)
    throw alone?.role == null || !isTokensTeam(viewer, alone.teamId) ? missing() : error
  })
  if (found.role === null || !isTokensTeam(viewer, found.teamId)) throw missing()
  const at = {
    teamId: found.teamId,
    team: found.team,
    role: found.role,
    ...(found.environmentId !== null && {
      environmentId: found.environmentId,
      environment: found.environment,
      environmentKind: found.environmentKind,
    }),
    ...(found.serviceId !== null && { serviceId: found.serviceId, service: found.service }),
  } as AtTeam & Partial<AtServiceHere>
  return { at, guarded: found.protected }
}

/** The command's sign-in acts as the person, in all their teams; a token that was made for a program is of one. */
const isTokensTeam = ({ token }: Viewer, teamId: string) => !isLimited(token) || token?.teamId === teamId

/** What is not of one service (or environment) is out of reach for a token that is limited to some. */
function requireInScope(
  viewer: Viewer,
  thing: { serviceId: string | null; environmentId: string | null },
  action: Action,
): void {
  const { services, environments } = viewer.token?.scope ?? {}
  const outside =
    (services !== undefined && (thing.serviceId === null || !services.includes(thing.serviceId))) ||
    (environments !== undefined && (thing.environmentId === null || !environments.includes(thing.environmentId)))
  if (!outside) return
  throw new PlatformError('forbidden', `this token does not allow this here (${action})`, {
    fix: 'Use a token whose scope includes this service and environment.',
  })
}

function refusal(action: Action, viewer: Viewer, role?: Role): PlatformError {
  const least = actions[action]
  const unscoped = mayDo(action, { signedIn: true, operator: viewer.operator, role })
  if (unscoped)
    return new PlatformError('forbidden', `this token's scope does not include ${action}`, {
      fix: 'Create a token with a wider scope.',
    })
  return new PlatformError(
    'forbidden',
    least === 'operator'
      ? 'only a platform operator may do this'
      : `this needs the role ${least} or higher; you are ${role}`,
    {
      fix: least === 'operator' ? 'Ask an operator.' : `Ask an admin of the team for the role ${least}.`,
      data: { action, needs: least, ...(role !== undefined && { role }) },
    },
  )
}
