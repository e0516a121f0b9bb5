import { hash } from 'node:crypto'
import { PlatformError } from '#contract/errors.ts'
import { header, tokenPrefix } from '#contract/headers.ts'
import { scopeAllows } from '#contract/permissions.ts'
import type { CallRequest } from '../call.ts'
import type { Caller, Service, Token } from '../routes/entities.ts'
import type { RouteTable } from '../routes/route-table.ts'

export interface Person {
  kind: 'person'
  personId: string
  /** Null: not confirmed, or a machine. */
  email: string | null
  /** Name of a machine's token. */
  machine: string | undefined
  /** Teams as whose member this call is made: a token's one, a session's all. */
  teamIds: readonly string[]
  token: Token | undefined
  /** By a service host's cookie: the services of other teams that may be told, as `{team id}/{service id}`. */
  consents?: readonly string[] | undefined
}
export type Identity = { kind: 'anyone' } | Person | { kind: 'service'; caller: Caller }

export const anyone: Identity = { kind: 'anyone' }

const bearer = /^bearer +(.*)$/i

/** The platform token that a header holds, if it does. */
export function tokenIn(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const text = bearer.exec(value)?.[1] ?? value
  return text.startsWith(tokenPrefix) ? text.trim() : undefined
}

/** Who a request's platform token says that it is. Throws `unauthenticated` for one that is not, or no longer, good. */
export function identifyByToken(request: CallRequest, table: RouteTable): Person | undefined {
  const own = request.headers[header.authorization]
  const token = tokenIn(typeof own === 'string' ? own : own?.[0]) ?? tokenIn(request.headers.authorization)
  if (token === undefined) return undefined
  const known = table.tokenByHash(hash('sha256', token, 'hex'))
  if (known === undefined)
    throw new PlatformError('unauthenticated', 'this token is unknown', {
      fix: 'Create one with `m3o token create`.',
    })
  if (known.expiresAt !== null && known.expiresAt <= Date.now()) {
    throw new PlatformError('unauthenticated', 'this token has expired', {
      fix: 'Create a new one with `m3o token create`.',
    })
  }
  return {
    kind: 'person',
    personId: known.personId,
    email: known.email,
    machine: known.machine,
    teamIds: [known.teamId],
    token: known,
  }
}

/** Nobody, where a browser is signed in and its person has not agreed that this team's service is told who it is. */
export function asToldTo(identity: Identity, { id, teamId }: Service): Identity {
  if (identity.kind !== 'person' || identity.consents === undefined || identity.teamIds.includes(teamId))
    return identity
  return identity.consents.includes(`${teamId}/${id}`) ? identity : anyone
}

export function belongsTo(identity: Identity, teamId: string): boolean {
  if (identity.kind === 'person') return identity.teamIds.includes(teamId)
  return identity.kind === 'service' && identity.caller.teamId === teamId
}

/**
 * The team as which somebody calls another team's service; undefined for the service's own team, and for anyone at all.
 * @throws PlatformError `unauthenticated` or `forbidden` unless the service's audience includes the caller, and the scope of the caller's token the service
 */
export function checkAudience(identity: Identity, service: Service): string | undefined {
  const token = identity.kind === 'person' ? identity.token : undefined
  if (token !== undefined) {
    const { actions, services } = token.scope
    if (!token.mayCall || (actions !== undefined && !scopeAllows(actions, 'service.call'))) {
      throw new PlatformError('forbidden', 'this token may not call services')
    }
    if (services !== undefined && !services.includes(service.id))
      throw new PlatformError('forbidden', `this token may not call ${service.name}`)
  }
  const { audience, approved } = service
  if (belongsTo(identity, service.teamId)) return undefined
  if (identity.kind === 'anyone') {
    if (audience.kind === 'anyone' && approved === undefined) return undefined
    throw new PlatformError('unauthenticated', `${service.name} is private`, {
      fix: 'Send a platform token as `Authorization: Bearer m3o_…`.',
    })
  }
  const teams = identity.kind === 'service' ? [identity.caller.teamId] : identity.teamIds
  const admitted =
    audience.kind === 'teams'
      ? teams.filter((teamId) => audience.teams.includes(teamId))
      : audience.kind === 'team'
        ? []
        : teams
  // Who is signed in and in no team is still of the platform.
  if (admitted.length === 0 && (audience.kind === 'team' || audience.kind === 'teams'))
    throw new PlatformError('forbidden', `${service.name} is not shared with you`, {
      fix: 'Ask its team to share the service.',
    })
  if (approved === undefined) return admitted[0]
  const consumer = admitted.find((teamId) => approved.includes(teamId))
  if (consumer !== undefined) return consumer
  throw new PlatformError('forbidden', `${service.name} requires approval, and your team is not approved`, {
    fix: 'Request approval on its page in the catalogue, or: m3o consumer ask @TEAM/SERVICE --reason WHY.',
    data: { reason: 'approval_needed' },
  })
}
