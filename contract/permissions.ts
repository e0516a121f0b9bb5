/**
 * Who may do what, in one table. Every tRPC procedure, socket subscription, HTTP route and token scope names one of these
 * actions; nothing else decides. Rows: the action; columns: the least role on the team that owns the resource.
 */
export const roles = ['viewer', 'developer', 'admin', 'owner'] as const
export type Role = (typeof roles)[number]

/** `person`: anyone signed in, about themselves. `operator`: platform operators. `nobody`: signed in or not. */
type Least = Role | 'person' | 'operator' | 'nobody'

export const actions = {
  'platform.start': 'nobody', // first set-up, sign-in: guarded by codes and passwords of their own
  'platform.read': 'operator',
  'platform.write': 'operator',

  'person.read': 'person',
  'person.write': 'person',

  'team.create': 'person',
  'team.read': 'viewer',
  'team.write': 'admin',
  'team.delete': 'owner',
  'member.write': 'admin',
  'audit.read': 'admin',

  'token.read': 'viewer',
  'token.write': 'viewer', // one's own; it may never do more than its maker

  'service.read': 'viewer',
  'service.call': 'viewer',
  'service.create': 'developer',
  'service.write': 'developer',
  'service.rename': 'developer',
  'service.deploy': 'developer',
  'service.exec': 'developer',
  'service.share': 'admin',
  'service.delete': 'admin',
  'service.follow': 'viewer', // hears what changes about other teams'

  'consumer.read': 'viewer', // other teams that call, and how often
  'consumer.ask': 'developer', // to call another team's, in the name of this one
  'consumer.write': 'admin', // approves, declines, revokes, limits

  'source.read': 'viewer',
  'source.write': 'developer',
  'log.read': 'viewer',

  'variable.read': 'viewer',
  'variable.write': 'developer',
  'secret.read': 'developer', // their values, outside of the platform

  'environment.read': 'viewer',
  'environment.create': 'developer',
  'environment.write': 'developer',
  'environment.admit': 'developer', // of one's own personal environment
  'environment.delete': 'developer',
  'environment.promote': 'developer',
  'environment.protect': 'admin',
} as const satisfies Record<string, Least>

export type Action = keyof typeof actions

/** What somebody is, as far as permissions go, with regard to one team. */
export interface Standing {
  signedIn: boolean
  operator: boolean
  /** Role on the team in question; undefined when not a member. */
  role: Role | undefined
  /** Of the token that the request came with; undefined for a person in a browser. */
  scope?: { actions?: string[] | undefined } | undefined
}

/** Decides by the table; a token's scope only ever narrows. */
export function mayDo(action: Action, standing: Standing): boolean {
  if (standing.scope?.actions !== undefined && !scopeAllows(standing.scope.actions, action)) return false
  const least: Least = actions[action]
  if (least === 'nobody') return true
  if (!standing.signedIn) return false
  if (least === 'person') return true
  if (least === 'operator') return standing.operator
  return standing.role !== undefined && roles.indexOf(standing.role) >= roles.indexOf(least)
}

/** `service.*` names all of a noun's actions, `*.read` all reading but that of secrets. */
export function scopeAllows(scope: readonly string[], action: Action): boolean {
  const [noun, verb] = action.split('.')
  return scope.some(
    (entry) =>
      entry === action || entry === '*' || entry === `${noun}.*` || (entry === `*.${verb}` && noun !== 'secret'),
  )
}
