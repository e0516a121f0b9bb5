import { PlatformError } from '#contract/errors.ts'
import { type Action, actions, mayDo, type Role } from '#contract/permissions.ts'
import type { TokenScope } from '#contract/routing.ts'
import type { AtTeam } from '../authorize.ts'
import type { TokenStanding, Viewer, Web } from '../web.ts'

/** What a token made for a program may at most do: all of a team's nouns, but not be the person. */
const programActions = [
  'person.read',
  'team.read',
  'team.write',
  'team.delete',
  'member.*',
  'audit.*',
  'token.*',
  'service.*',
  'source.*',
  'log.*',
  'variable.*',
  'secret.*',
  'environment.*',
  'consumer.*',
]

/** A sign-in by the command has no limits (`scope` is empty); every token made by `tokens.create` names its actions. */
export const isLimited = (token: TokenStanding | undefined): boolean => token?.scope.actions !== undefined

interface Wanted {
  at: AtTeam
  scope: { actions?: string[] | undefined; services?: string[] | undefined; environments?: string[] | undefined }
  environment: string | null
  expiresAt: number | null
  /** A machine's: only what its role may, and no tokens of its own. */
  machine?: { role: Role } | null
}

/**
 * Names to ids, and never more than the token has with which it is asked for.
 * @throws PlatformError `bad_request` for an action that does not exist, `forbidden` for more than one has
 */
export async function narrowed(
  web: Pick<Web, 'runtime'>,
  viewer: Viewer,
  wanted: Wanted,
): Promise<{ scope: TokenScope; environmentId: string | null; expiresAt: number | null }> {
  const resolve = async (what: { service: string } | { environment: string }) =>
    web.runtime.call(
      'access.resolve',
      { userId: viewer.person.id, team: wanted.at.team, ...what },
      { actor: viewer.actor },
    )
  const ids = async (names: string[] | undefined, kind: 'service' | 'environment'): Promise<string[] | undefined> =>
    names &&
    Promise.all(
      names.map(
        async (name) =>
          (kind === 'service'
            ? (await resolve({ service: name })).serviceId
            : (await resolve({ environment: name })).environmentId) ?? '',
      ),
    )

  const own = viewer.token?.scope ?? {}
  const chosen = wanted.environment === null ? null : (await resolve({ environment: wanted.environment })).environmentId
  const scope: TokenScope = {
    actions:
      wanted.scope.actions === undefined
        ? isLimited(viewer.token)
          ? own.actions
          : covered(programActions)
        : withinTeam(wanted.scope.actions, viewer.operator),
    services: (await ids(wanted.scope.services, 'service')) ?? own.services,
    environments: (await ids(wanted.scope.environments, 'environment')) ?? own.environments,
  }
  if (viewer.token !== undefined) {
    const more =
      exceeds(covered(scope.actions), own.actions && covered(own.actions)) ||
      exceeds(scope.services, own.services) ||
      exceeds(scope.environments, own.environments) ||
      exceeds(chosen === null ? [] : [chosen], own.environments)
    if (more)
      throw new PlatformError('forbidden', 'a token cannot create a token with a wider scope than its own', {
        fix: 'Sign in as a person to create this token.',
      })
  }
  if (wanted.machine != null) scope.actions = ofMachine(scope.actions ?? [], wanted.machine.role)
  return { scope: clean(scope), environmentId: chosen, expiresAt: await notLater(web, viewer, wanted) }
}

function ofMachine(given: readonly string[], role: Role): string[] {
  const own = covered([...given]).filter(
    (action) => action !== 'token.write' && mayDo(action, { signedIn: true, operator: false, role }),
  )
  if (own.length === 0)
    throw new PlatformError('forbidden', `the role ${role} allows none of these actions`, {
      field: 'scope.actions',
      fix: 'Choose other actions, or the role developer.',
    })
  return own
}

/** One that expires makes only such as expire no later. */
async function notLater(web: Pick<Web, 'runtime'>, viewer: Viewer, wanted: Wanted): Promise<number | null> {
  if (viewer.token === undefined) return wanted.expiresAt
  const all = await web.runtime.call(
    'tokens.list',
    { teamId: viewer.token.teamId, userId: viewer.person.id },
    { actor: viewer.actor },
  )
  const own = all.find((token) => token.id === viewer.token?.tokenId)?.expiresAt ?? null
  return own === null ? wanted.expiresAt : Math.min(own, wanted.expiresAt ?? own)
}

/**
 * Spelled out, so that a later action is in no older token's scope; what reaches beyond a team (`*`, `*.read`) is left out. Only an
 * operator's may read how the platform is, for what watches it, and only when that is said by name.
 */
function withinTeam(requested: string[], operator: boolean): string[] {
  const allowed = new Set(covered(programActions))
  return [
    ...new Set(
      requested.flatMap((entry) => {
        const reached = covered([entry])
        if (reached.length === 0)
          throw new PlatformError('bad_request', `unknown action ${entry}`, {
            field: 'scope.actions',
            fix: `Actions: ${Object.keys(actions).join(', ')}; patterns such as service.* and *.read.`,
          })
        const inside = reached.filter(
          (action) => allowed.has(action) || (operator && action === 'platform.read' && entry === action),
        )
        if (inside.length === 0)
          throw new PlatformError('forbidden', `a token cannot allow ${entry}: it acts within one team`, {
            field: 'scope.actions',
            fix: 'Omit it.',
          })
        return inside
      }),
    ),
  ]
}

const covered = (scope: string[] | undefined): Action[] =>
  (Object.keys(actions) as Action[]).filter((action) =>
    mayDo(action, { signedIn: true, operator: true, role: 'owner', scope: { actions: scope } }),
  )
const exceeds = (wanted: string[] | undefined, own: string[] | undefined): boolean =>
  own !== undefined && (wanted === undefined || wanted.some((entry) => !own.includes(entry)))
const clean = ({ actions: named, services, environments }: TokenScope): TokenScope => ({
  ...(named && { actions: named }),
  ...(services && { services }),
  ...(environments && { environments }),
})
