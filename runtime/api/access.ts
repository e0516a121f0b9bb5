import { eq } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { parseHostLabel } from '#contract/names.ts'
import type { Handlers } from '#contract/rpc-types.ts'
import type { gatewayApi } from '#contract/gateway-api.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { users } from '#db/schema.ts'
import { signInHere } from '../access/here.ts'
import { resolveNames } from '../access/resolve.ts'
import { takeUpPersonal } from '../audit/personal.ts'
import { confirmedEmail } from '../people/person.ts'
import type { Platform } from '../platform.ts'
import { readToken } from '../tokens/tokens.ts'

type Part = Pick<Handlers<typeof runtimeApi>, Extract<keyof typeof runtimeApi, `access.${string}`>>

export function accessHandlers(platform: Platform, gateway: RpcClient<typeof gatewayApi>): Part {
  return {
    'access.personChanged': async ({ userId }) => {
      await takeUpPersonal(platform.db)
      await platform.routing.refreshPerson(userId)
      return { ok: true }
    },
    'access.resolve': (names) => resolveNames(platform, names),
    'access.token': ({ hash }) => readToken(platform, hash),
    'access.here': (input) => signInHere(platform, input),
    'access.handover': async ({ sessionId, userId, host, expiresAt }) => {
      requireServiceHost(platform, host)
      const [user] = await platform.db.select().from(users).where(eq(users.id, userId))
      if (!user) throw new PlatformError('unauthenticated', 'this person no longer exists')
      const teamIds = await platform.routing.teamsOf(userId)
      await platform.routing.apply({ sessions: { [sessionId]: { id: sessionId, personId: userId, email: confirmedEmail(user), teamIds, expiresAt } } })
      return gateway.call('handover.create', { sessionId, host })
    },
    'access.sessionEnded': async ({ sessionId }) => {
      if (platform.routing.table.sessions[sessionId]) await platform.routing.apply({ sessions: { [sessionId]: null } })
      return { ok: true }
    },
  }
}

/** A browser is handed over to hosts of services only: anything else would be an open redirect. */
function requireServiceHost({ settings }: Platform, host: string): void {
  const [name = ''] = host.toLowerCase().split(':')
  const label = name.endsWith(`.${settings.domain}`) ? name.slice(0, -settings.domain.length - 1) : ''
  if (parseHostLabel(label) === undefined) throw new PlatformError('bad_request', 'this is not the host of a service', { fix: 'Open the service from its page.' })
}
