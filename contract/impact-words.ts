import type { EndpointChange } from './compatibility.ts'
import type { Impact } from './sharing.ts'

/** `Hello: the response no longer has message` */
export const spokenChange = ({ endpoint, message }: EndpointChange): string =>
  /^(is|was|now|has) /.test(message) ? `${endpoint} ${message}` : `${endpoint}: ${message}`

/** `called by @web/site and members of web`; null when nobody does. */
export function spokenCallers({ callers }: Pick<Impact, 'callers'>): string | null {
  const names = [
    ...new Set(
      callers.map(({ team, service }) =>
        service !== null ? `@${team}/${service}` : team === 'anyone' ? 'anyone' : `members of ${team}`,
      ),
    ),
  ]
  if (names.length === 0) return null
  return `called by ${names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`}`
}

/** In one sentence, those that somebody calls first. */
export function spokenImpacts(impacts: readonly Impact[]): string {
  const all = impacts.toSorted((a, b) => Number(b.callers.length > 0) - Number(a.callers.length > 0))
  const said = all
    .slice(0, 3)
    .map((impact) => `${spokenChange(impact.change)} (${spokenCallers(impact) ?? 'no callers'})`)
  return `${said.join('; ')}${all.length > 3 ? `; and ${all.length - 3} more` : ''}`
}
