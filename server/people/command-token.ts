import { PlatformError } from '#contract/errors.ts'
import type { Person } from '#contract/records.ts'
import type { Web } from '../web.ts'
import { actingAs } from './changes.ts'

const lasts = 90 * 86_400_000

/** A token with which the command acts as the person, without limits, in one team (the first one unless named). */
export async function commandToken(
  web: Pick<Web, 'runtime' | 'settings'>,
  who: Person,
  options: { team: string | undefined; from: string; name: string | undefined },
) {
  const actor = actingAs(who, options.from)
  const teams = await web.runtime.call('teams.list', { userId: who.id }, { actor })
  const [oldest] = [...teams].sort((a, b) => a.createdAt - b.createdAt)
  const team = options.team === undefined ? oldest : teams.find(({ name }) => name === options.team)
  if (team === undefined) {
    throw options.team === undefined
      ? new PlatformError('not_found', 'you are not in a team yet', {
          field: 'team',
          fix: 'Create one in the console, or ask for an invitation.',
        })
      : new PlatformError('not_found', `team ${options.team} does not exist, or you are not a member`, {
          field: 'team',
        })
  }
  const made = await web.runtime.call(
    'tokens.create',
    {
      teamId: team.id,
      userId: who.id,
      name: options.name ?? 'm3o login',
      scope: {},
      environmentId: null,
      expiresAt: Date.now() + lasts,
    },
    { actor },
  )
  return {
    token: made.secret,
    expiresAt: made.expiresAt,
    email: who.email,
    team: team.name,
    environment: 'production',
    url: web.settings.url,
  }
}
