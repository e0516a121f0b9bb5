import type { Audience } from '#contract/routing.ts'
import type { Readable } from '#contract/sharing.ts'

/** What each audience means, for who chooses. */
export const audienceMeanings: Record<Audience['kind'], { title: string; about: string }> = {
  team: { title: 'Its team', about: 'Members, their tokens, and the team’s other services.' },
  teams: {
    title: 'Named teams',
    about: 'These teams too: they see it in their catalogue and call it as @team/service.',
  },
  platform: { title: 'The whole platform', about: 'Everyone with an account, and services of every team.' },
  anyone: { title: 'Anyone', about: 'No sign-in, no token: anyone who can reach the gateway.' },
}

export function spokenAudience(audience: Audience): string {
  return audience.kind === 'teams' && audience.teams.length > 0
    ? `Its team, and ${audience.teams.join(', ')}`
    : audienceMeanings[audience.kind].title
}

export const readableWords: Record<Readable, string> = {
  team: 'Nobody else',
  callers: 'Everyone in its audience',
  anyone: 'Everyone with an account: open source',
}

/** Whether a team, by name, is of an audience; the own team always is. */
export const isOf = (audience: Audience, team: string): boolean =>
  audience.kind === 'teams'
    ? audience.teams.includes(team)
    : audience.kind === 'anyone' || (audience.kind === 'platform' && team !== '')
