import { type Action, actions as table, mayDo } from './permissions.ts'
import type { TokenScope } from './routing.ts'

/** Scopes that people choose from; `null` is all that one may do oneself. */
export const scopeChoices = [
  { key: 'all', label: 'All actions that I may do', actions: null },
  { key: 'call', label: 'Call services', actions: ['service.call'] },
  {
    key: 'deploy',
    label: 'Deploy, read status and logs',
    actions: [
      'service.read',
      'service.create',
      'service.deploy',
      'service.call',
      'source.*',
      'log.read',
      'environment.read',
      'team.read',
      'person.read',
    ],
  },
  {
    key: 'read',
    label: 'Read only',
    actions: [
      'person.read',
      'team.read',
      'service.read',
      'source.read',
      'log.read',
      'variable.read',
      'environment.read',
    ],
  },
] as const satisfies readonly { key: string; label: string; actions: readonly string[] | null }[]
export type ScopeKey = (typeof scopeChoices)[number]['key']

/** A token's scope in a few words: as it was chosen here, or its actions. */
export function scopeWords({ actions, services, environments }: TokenScope): string {
  const chosen =
    actions === undefined || coversTeams(actions)
      ? scopeChoices[0]
      : scopeChoices.find((choice) => choice.actions !== null && same(choice.actions, actions))
  const what =
    chosen?.label.toLowerCase().replace('all actions that i may do', 'all actions of its creator') ??
    (actions === undefined || actions.length > 4 ? 'several actions' : actions.join(', '))
  return [
    what,
    services && `${services.length} ${services.length === 1 ? 'service' : 'services'}`,
    environments && `${environments.length} ${environments.length === 1 ? 'environment' : 'environments'}`,
  ]
    .filter((part) => part !== undefined)
    .join(' · ')
}

/** A token's maker may have left nothing out: then the platform has named all that a program may do in a team. */
function coversTeams(actions: string[]): boolean {
  const ofTeams = (Object.keys(table) as Action[]).filter(
    (action) => !['nobody', 'person', 'operator'].includes(table[action]),
  )
  return ofTeams.every((action) =>
    mayDo(action, { signedIn: true, operator: false, role: 'owner', scope: { actions } }),
  )
}

/** The platform spells a scope out when it makes the token. */
const spelledOut = (scope: readonly string[]) =>
  (Object.keys(table) as Action[]).filter((action) =>
    mayDo(action, { signedIn: true, operator: true, role: 'owner', scope: { actions: [...scope] } }),
  )
const same = (one: readonly string[], other: readonly string[]) => spelledOut(one).join() === spelledOut(other).join()
