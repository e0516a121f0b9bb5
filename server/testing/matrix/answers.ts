import { type Action, actions, mayDo } from '#contract/permissions.ts'
import { type ActorName, narrowTokens, roleOf } from './cast.ts'

/** Of no team. */
export const isPersonal = (action: Action): boolean => ['nobody', 'person', 'operator'].includes(actions[action])

/** All that a program's token can have: what is of a team, and reading about its maker. */
const ofPrograms = (Object.keys(actions) as Action[]).filter((action) => !isPersonal(action)).concat('person.read')

export const isNarrow = (actor: ActorName): boolean => (narrowTokens as readonly string[]).includes(actor)

/** What the one action is that a token of another one has. */
export const otherAction = (action: Action): Action => (action.startsWith('log.') ? 'team.read' : 'log.read')

/** What the table of permissions says of somebody in team `demo`: `admitted`, or the code of the refusal. */
export function answerFor(
  actor: ActorName,
  { action, isPersonal, signedIn }: { action: Action; isPersonal: boolean; signedIn: boolean },
): string {
  if (actor === 'expired token' || actor === 'token of a removed member') return 'unauthenticated'
  if (actor === 'nobody') return actions[action] === 'nobody' && !signedIn ? 'admitted' : 'unauthenticated'
  if (actions[action] === 'nobody') return 'admitted'
  const isToken = actor.includes('token')
  const scope = isToken
    ? { actions: actor === 'token of another action' ? [otherAction(action)] : ofPrograms }
    : undefined
  if (isPersonal)
    return mayDo(action, { signedIn: true, operator: actor === 'operator', role: undefined, scope })
      ? 'admitted'
      : 'forbidden'
  const role = roleOf(actor) ?? (isToken && actor !== 'token of another team' ? 'owner' : undefined)
  if (role === undefined) return 'not_found'
  return mayDo(action, { signedIn: true, operator: false, role, scope }) ? 'admitted' : 'forbidden'
}
