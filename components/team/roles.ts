import { type Role, roles } from '#contract/permissions.ts'

/** What each role may do, in a line; the table itself is contract/permissions.ts. */
export const roleWords: Record<Role, string> = {
  viewer: 'sees everything, calls services',
  developer: 'also creates, edits and deploys services and environments',
  admin: 'also shares and deletes services, invites and removes people',
  owner: 'also deletes the team, gives the role owner',
}

/** Roles that somebody with `own` may give. */
export const mayGive = (own: Role | undefined): readonly Role[] =>
  own === 'owner' ? roles : roles.filter((role) => role !== 'owner')
