import { eq } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Handlers } from '#contract/rpc-types.ts'
import type { gatewayApi } from '#contract/gateway-api.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { users } from '#db/schema.ts'
import { agree, consentAt, consentsOf, listConsents, revokeConsent } from '../access/consents.ts'
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
    'access.handover': async ({ sessionId, userId, host, state, expiresAt }) => {
      const { agreed } = await consentAt(platform, { userId, host })
      if (!agreed) return { code: null }
      const [user] = await platform.db.select().from(users).where(eq(users.id, userId))
      if (!user) throw new PlatformError('unauthenticated', 'this person no longer exists')
      const teamIds = await platform.routing.teamsOf(userId)
      await platform.routing.apply({
        sessions: {
          [sessionId]: {
            id: sessionId,
            personId: userId,
            email: confirmedEmail(user),
            teamIds,
            consents: await consentsOf(platform, userId),
            expiresAt,
          },
        },
      })
      return gateway.call('handover.create', { sessionId, host, state })
    },
    'access.consent': (asked) => consentAt(platform, asked),
    'access.consents': ({ userId }) => listConsents(platform, userId),
    'access.agree': async (given, { actor }) => {
      await agree(platform, actor, given)
      return { ok: true }
    },
    'access.revokeConsent': async (given, { actor }) => {
      await revokeConsent(platform, actor, given)
      return { ok: true }
    },
    'access.sessionEnded': async ({ sessionId }) => {
      if (platform.routing.table.sessions[sessionId]) await platform.routing.apply({ sessions: { [sessionId]: null } })
      return { ok: true }
    },
  }
}
