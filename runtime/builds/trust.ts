import { createHash } from 'node:crypto'
import type { Protection } from '#contract/protection.ts'

/** What decides how far a build in an environment is trusted. */
export interface Standing {
  id: string
  teamId: string
  kind: 'production' | 'shared' | 'personal' | 'preview'
  protection: Protection | null
}

/** Names of trust classes, which are also names of folders. See docs/decisions/builds-are-trusted-by-class.md. */
export interface Trust {
  /** The class that keeps what the build's sandboxes write: downloads, tool caches, lock files, installed dependencies. */
  own: string
  /** The classes whose finished builds and dependencies may be used, in the order in which they are looked for. */
  reads: readonly string[]
}

/**
 * Who may write into a class may run code in every environment that reads it. A protected environment reads its own class only.
 * Another one also reads what protected environments above it made, whose writers could deploy into it anyway; a personal
 * one also what the team's other unprotected environments made. Nothing but a personal environment itself reads its class.
 * What only the platform wrote is read by all of the team.
 * @param chain the environment and its parents, nearest first
 */
export function trustOf(chain: readonly Standing[]): Trust {
  const [here, ...parents] = chain
  if (here === undefined) throw new Error('a build belongs to an environment')
  const own = classOf(here)
  const others =
    here.protection !== null
      ? []
      : [
          ...(here.kind === 'personal' ? [sharedBy(here.teamId)] : []),
          ...parents.filter(({ protection }) => protection !== null).map(classOf),
        ]
  return { own, reads: [ofPlatform(here.teamId), own, ...others] }
}

/**
 * Of what is installed for somebody's draft. Drafts of a protected environment can be written by people who may not deploy
 * there, so what is installed for them is kept with the team's unprotected environments.
 */
export function trustOfDraft(chain: readonly Standing[]): Trust {
  const trust = trustOf(chain)
  const [here] = chain
  if (here === undefined || here.protection === null) return trust
  const shared = sharedBy(here.teamId)
  return { own: shared, reads: [...trust.reads, shared] }
}

/** Of builds that no sandbox has written to: made by the platform's own process from the committed tree alone. */
export const ofPlatform = (teamId: string): string => `platform-${teamId}`

/** Of all unprotected environments of a team that are not personal. */
const sharedBy = (teamId: string): string => `shared-${teamId}`

/** Changes with who may deploy or promote there: what was built under another protection, or under none, is of another class. */
export function classOf({ id, teamId, kind, protection }: Standing): string {
  if (protection === null) return kind === 'personal' ? `personal-${id}` : sharedBy(teamId)
  const { deploy, promote, approval = false } = protection
  const admitted = [deploy, promote].map(({ role, people }) => [role, people.toSorted()])
  return `protected-${id}-${createHash('sha256')
    .update(JSON.stringify([admitted, approval]))
    .digest('hex')
    .slice(0, 12)}`
}

/** What a folder of a class is called; folders of before there were classes are not. */
export const isClass = (name: string): boolean => /^(protected|personal|shared|platform)-/.test(name)

/** Whose a class is, by its name. */
export function ownerOfClass(name: string): { teamId: string } | { environmentId: string } | undefined {
  const ofTeam = /^(?:shared|platform)-(.+)$/.exec(name)?.[1]
  if (ofTeam !== undefined) return { teamId: ofTeam }
  const environmentId = /^personal-(.+)$/.exec(name)?.[1] ?? /^protected-(.+)-[0-9a-f]{12}$/.exec(name)?.[1]
  return environmentId === undefined ? undefined : { environmentId }
}
