import { type InTeam, paths } from '#client/paths.ts'

/** The page of a service as it is called here: `service`, or another team's `@team/service` as that shares it. */
export function linkTo(at: InTeam, name: string): string {
  const [, team, service] = /^@([^/]+)\/(.+)$/.exec(name) ?? []
  if (team === undefined || service === undefined) return paths.service({ ...at, service: name })
  return team === at.team ? paths.service({ ...at, service }) : paths.shared(at, { team, service })
}
