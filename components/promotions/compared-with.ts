import type { InTeam } from '#client/paths.ts'

/** Input of the comparison that a screen shows; its parent when `against` is null. */
export const comparedWith = ({ team, environment }: InTeam, against: string | null) => ({
  team,
  environment,
  ...(against !== null && { against }),
})
