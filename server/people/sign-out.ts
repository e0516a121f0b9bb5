import type { Person } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { insist } from '../insist.ts'
import type { Web } from '../web.ts'

export interface SignedOut {
  sessionsEnded: number
  /** Command-line sign-ins, in all teams; null when the runtime was away: it is told once it is back. */
  commandsSignedOut: number | null
}

/**
 * Ends every session and every command-line sign-in of a person, but what is to be kept. The one rule of whatever makes a
 * former sign-in doubtful: a password that was changed or reset, second factors that an operator removed. `all`: tokens of programs too.
 */
export async function signOutEverywhere(
  web: Pick<Web, 'sessions' | 'runtime' | 'log'>,
  person: Pick<Person, 'id' | 'email'>,
  {
    actor,
    all = false,
    keep = {},
  }: { actor: Actor; all?: boolean; keep?: { sessionId?: string | undefined; tokenId?: string | undefined } },
): Promise<SignedOut> {
  const sessionsEnded = await web.sessions.endOthers(person, keep.sessionId, actor)
  const revoke = () =>
    web.runtime.call('tokens.revokeSignIns', { userId: person.id, all, keep: keep.tokenId ?? null }, { actor })
  const commandsSignedOut = await revoke().then(
    ({ revoked }) => revoked,
    (error: unknown) => {
      web.log.error({ err: error, person: person.id }, 'command-line sign-ins were not revoked yet')
      void insist(revoke, web.log)
      return null
    },
  )
  return { sessionsEnded, commandsSignedOut }
}
