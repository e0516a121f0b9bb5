import type { RoutingTable } from '#contract/routing.ts'

type Names = Pick<RoutingTable, 'services' | 'teams'>

/** The name of a caller as the gateway reports it, for the team `own`: `person`, `anyone`, `members of @team`, `service` or `@team/service`. */
export function callerName(table: Names, caller: string, own: string | undefined): string {
  if (caller.startsWith('service/'))
    return serviceName(table, caller.slice('service/'.length), own) ?? 'a deleted service'
  return caller.startsWith('person/') ? `members of ${teamName(table, caller.slice('person/'.length))}` : caller
}

export function serviceName(table: Names, serviceId: string, own: string | undefined): string | undefined {
  const found = table.services[serviceId]
  return found && (found.teamId === own ? found.name : `${teamName(table, found.teamId)}/${found.name}`)
}

const teamName = ({ teams }: Names, teamId: string): string => `@${teams[teamId]?.name ?? 'a deleted team'}`
