import type { RouteTable } from '../routes/route-table.ts'
import type { Identity } from './identity.ts'

const printable = /^[\x20-\x7e]*$/

const mostItems = 10_000
const items = new Map<string, string>()

function item(text: string): string {
  let made = items.get(text)
  if (made === undefined) {
    if (items.size >= mostItems) items.clear()
    items.set(text, (made = itemOf(text)))
  }
  return made
}

/** RFC 9651: a String where ASCII is enough (§3.3.3), else a Display String (§3.3.8). */
function itemOf(text: string): string {
  if (printable.test(text)) return `"${text.replace(/[\\"]/g, '\\$&')}"`
  let encoded = ''
  for (const byte of Buffer.from(text)) {
    encoded +=
      byte < 0x20 || byte > 0x7e || byte === 0x25 || byte === 0x22
        ? `%${byte.toString(16).padStart(2, '0')}`
        : String.fromCharCode(byte)
  }
  return `%"${encoded}"`
}

/**
 * What the service of `teamId` is told of its caller: `person="a@b.c", team="demo"`; undefined for nobody known. Only a confirmed address
 * is told: without one a person appears as `id="u_1", team="demo"`, a machine as `machine="ci", id="tk_1", team="demo"`.
 */
export function callerHeader(identity: Identity, table: RouteTable, teamId: string): string | undefined {
  if (identity.kind === 'anyone') return undefined
  if (identity.kind === 'service') {
    const service = table.get('services', identity.caller.serviceId)
    return withTeam(`service=${item(service?.name ?? identity.caller.serviceId)}`, table, identity.caller.teamId)
  }
  const team = identity.teamIds.includes(teamId) ? teamId : identity.teamIds[0]
  const { machine, email } = identity
  if (machine === undefined && email !== null) return withTeam(`person=${item(email)}`, table, team)
  return withTeam(
    `${machine === undefined ? '' : `machine=${item(machine)}, `}id=${item(identity.personId)}`,
    table,
    team,
  )
}

function withTeam(text: string, table: RouteTable, teamId: string | undefined): string {
  const team = teamId === undefined ? undefined : table.get('teams', teamId)
  return team === undefined ? text : `${text}, team=${item(team.name)}`
}
