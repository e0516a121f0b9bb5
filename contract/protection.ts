import { type Action, type Role, roles } from './permissions.ts'

/**
 * What one environment asks for beyond the table of permissions: of who deploys into it, sees and sets its variables and
 * secrets, promotes into it. A role and all above it, and people who are named, may. The table is asked first and always.
 */
export const guards = ['deploy', 'secrets', 'promote'] as const
export type Guard = (typeof guards)[number]

/** What each guards. Deploy: deploy, roll back, restart, scale, stop, configure, reset. Secrets: set and read variables and secrets. A shell passes both. */
export type Protection = Record<Guard, Admitted> & {
  /** A promotion into it is asked for by one person and let go by another, who may both promote. */
  approval?: boolean | undefined
  /** Services that hold its secrets serve calls of the environments on it, all the same (contract/overlay-secrets.ts). */
  overlays?: boolean | undefined
}

interface Admitted {
  role: Role
  /** Ids of people who may whatever their role here is. */
  people: string[]
}

/** What an environment asks for: its protection, and of a personal one that it is its owner's. */
export type Guarded = Protection & {
  /** Of a personal environment: its owner, who lets others in. */
  own?: Admitted | undefined
}

interface Kept {
  kind: string
  ownerId: string | null
  letIn: readonly string[]
  protection: Protection | null
}

/**
 * By what it is decided who may do what in an environment; null: by the roles alone. A personal environment is its owner's, theirs
 * whom the owner lets in, and the admins' of the team; a protection of its own asks for no less.
 */
export function guardedBy({ kind, ownerId, letIn, protection }: Kept): Guarded | null {
  if (kind !== 'personal') return protection
  const owner = ownerId === null ? [] : [ownerId]
  const admitted = (guard: Guard): Admitted => {
    const { role, people } = protection?.[guard] ?? { role: 'admin', people: [] }
    return { role: role === 'owner' ? 'owner' : 'admin', people: [...new Set([...owner, ...letIn, ...people])] }
  }
  return {
    ...protection,
    deploy: admitted('deploy'),
    secrets: admitted('secrets'),
    promote: admitted('promote'),
    own: { role: 'admin', people: owner },
  }
}

interface Shown {
  kind: string
  owner: { id: string } | null
  letIn: readonly { id: string }[]
  protection:
    | (Record<Guard, { role: Role; people: readonly { id: string }[] }> & Pick<Protection, 'approval' | 'overlays'>)
    | null
}

/** The same of one as people see it. */
export function guardedOf({ kind, owner, letIn, protection: shown }: Shown): Guarded | null {
  const byId = ({ role, people }: { role: Role; people: readonly { id: string }[] }): Admitted => ({
    role,
    people: people.map(({ id }) => id),
  })
  const protection = shown && {
    ...shown,
    deploy: byId(shown.deploy),
    secrets: byId(shown.secrets),
    promote: byId(shown.promote),
  }
  return guardedBy({ kind, ownerId: owner?.id ?? null, letIn: letIn.map(({ id }) => id), protection })
}

/** Whether secrets of an environment stay out of own copies in one on it, unless they are marked as inheritable. */
export function withholds(parent: Kept, here: Pick<Kept, 'kind' | 'ownerId'>): boolean {
  if (parent.protection !== null) return true
  return parent.kind === 'personal' && !(here.kind === 'personal' && here.ownerId === parent.ownerId)
}

/** Which guards an action in a protected environment passes. Who changes the protection must pass what it asks for. */
const guarding: Partial<Record<Action, readonly (Guard | 'own')[]>> = {
  'service.deploy': ['deploy'],
  'service.write': ['deploy'],
  'service.rename': ['deploy'],
  'service.share': ['deploy'],
  'service.delete': ['deploy'],
  'consumer.write': ['deploy'],
  'service.exec': ['deploy', 'secrets'],
  'environment.write': ['deploy'],
  'environment.delete': ['deploy'],
  'environment.promote': ['promote'],
  'environment.protect': guards,
  'environment.admit': ['own'],
  'variable.read': ['secrets'],
  'variable.write': ['secrets'],
  'secret.read': ['secrets'],
}

/** Which guards an action in a protected environment passes; undefined: none. */
export const guardingOf = (action: Action): readonly (Guard | 'own')[] | undefined => guarding[action]

/**
 * Of a service as such, these change what answers, whom, or who is responsible, wherever it was deployed: each environment there with a protection is
 * asked. `service.write` too: its owner and contact are who is told, and asked, when it fails there.
 */
const everywhere: ReadonlySet<Action> = new Set<Action>([
  'service.write',
  'service.rename',
  'service.share',
  'service.delete',
  'consumer.write',
])
export const isEverywhere = (action: Action): boolean => everywhere.has(action)

/** The first guard that does not let somebody do this; undefined when all do. */
export function guardAgainst(
  protection: Guarded | null,
  action: Action,
  who: { personId: string; role: Role | undefined },
): Guard | 'own' | undefined {
  if (protection === null) return undefined
  return guarding[action]?.find((guard) => {
    const admitted = protection[guard]
    if (admitted === undefined) return false
    const { role, people } = admitted
    return !people.includes(who.personId) && (who.role === undefined || roles.indexOf(who.role) < roles.indexOf(role))
  })
}

const deeds: Record<Guard | 'own', string> = {
  deploy: 'deploying there',
  secrets: 'its variables and secrets',
  promote: 'promoting to it',
  own: 'giving people access',
}

interface Refused {
  least: Role
  role: Role | undefined
  named: readonly string[]
  isPersonal?: boolean
}

/** Why somebody is refused, for people. `named`: how those are called who may besides the role. */
export function spokenRefusal(
  environment: string,
  guard: Guard | 'own',
  { least, role, named, isPersonal }: Refused,
): string {
  const need = deeds[guard].endsWith('secrets') ? 'need' : 'needs'
  return `${environment} is ${isPersonal ? 'personal' : 'protected'}: ${deeds[guard]} ${need} the role ${spokenLeast(least)}${named.length === 0 ? '' : ` (or to be ${named.join(' or ')})`}; you are ${role ?? 'not a member'}`
}

export const spokenLeast = (least: Role): string => (least === 'owner' ? 'owner' : `${least} or higher`)
