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

export interface Admitted {
  role: Role
  /** Ids of people who may whatever their role here is. */
  people: string[]
}

/** As it is decided by, of one as people see it. */
export function protectionOf(shown: Record<Guard, { role: Role; people: readonly { id: string }[] }> & Pick<Protection, 'approval' | 'overlays'>): Protection {
  const byId = (guard: Guard): Admitted => ({ role: shown[guard].role, people: shown[guard].people.map(({ id }) => id) })
  return { deploy: byId('deploy'), secrets: byId('secrets'), promote: byId('promote'), ...(shown.approval && { approval: true }), ...(shown.overlays && { overlays: true }) }
}

/** Which guards an action in a protected environment passes. Who changes the protection must pass what it asks for. */
const guarding: Partial<Record<Action, readonly Guard[]>> = {
  'service.deploy': ['deploy'],
  'service.write': ['deploy'],
  'service.delete': ['deploy'],
  'service.exec': ['deploy', 'secrets'],
  'environment.write': ['deploy'],
  'environment.delete': ['deploy'],
  'environment.promote': ['promote'],
  'environment.protect': guards,
  'variable.read': ['secrets'],
  'variable.write': ['secrets'],
  'secret.read': ['secrets'],
}

/** Which guards an action in a protected environment passes; undefined: none. */
export const guardingOf = (action: Action): readonly Guard[] | undefined => guarding[action]

/** The first guard that does not let somebody do this; undefined when all do. */
export function guardAgainst(protection: Protection | null, action: Action, who: { personId: string; role: Role | undefined }): Guard | undefined {
  if (protection === null) return undefined
  return guarding[action]?.find((guard) => {
    const { role, people } = protection[guard]
    return !people.includes(who.personId) && (who.role === undefined || roles.indexOf(who.role) < roles.indexOf(role))
  })
}

const deeds: Record<Guard, string> = { deploy: 'deploying there', secrets: 'its variables and secrets', promote: 'promoting into it' }

/** Why somebody is refused, for people. `named`: how those are called who may besides the role. */
export function spokenRefusal(environment: string, guard: Guard, { least, role, named }: { least: Role; role: Role | undefined; named: readonly string[] }): string {
  const need = deeds[guard].endsWith('secrets') ? 'need' : 'needs'
  return `${environment} is protected: ${deeds[guard]} ${need} the role ${spokenLeast(least)}${named.length === 0 ? '' : ` (or to be ${named.join(' or ')})`}; you are ${role ?? 'not a member'}`
}

export const spokenLeast = (least: Role): string => (least === 'owner' ? 'owner' : `${least} or higher`)
