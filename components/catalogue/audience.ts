import type { Audience } from '#contract/routing.ts'

const words: Record<Audience['kind'], string> = {
  team: 'team',
  teams: 'named teams',
  platform: 'platform',
  anyone: 'anyone',
}

/** Who may call, in a word or two. */
export const audienceWord = (audience: Audience): string => words[audience.kind]

export const audienceOptions = Object.entries(words).map(([value, label]) => ({ value, label }))
