import type { ServerResponse } from 'node:http'
import { networkOf } from '../people/sign-in-limit.ts'
import { personIdOf } from '../people/viewer.ts'
import type { Viewer, Web } from '../web.ts'
import { inputBounds } from '../input-sizes.ts'
import type { Credential } from './credential.ts'
import { FairTurns } from './fair-turns.ts'

/** Everybody's share of what this process can do at once. */
export interface Turns {
  /** Procedures that run; a slow one keeps its place only for a while, as it waits for others most of the time. */
  procedures: FairTurns
  /** Bytes of bodies that are kept in memory, until they are answered: this process has little. */
  bodies: FairTurns
}

export const createTurns = (): Turns => ({
  procedures: new FairTurns({ atOnce: 64, ofOne: 32, holdMs: 2_000, mostWaiting: 1_000 }),
  bodies: new FairTurns({ atOnce: 18 << 20, ofOne: inputBounds.large.bytes }),
})

/** Pages, which hold their data and their markup until they are sent. */
export const pageTurns = (): FairTurns => new FairTurns({ atOnce: 8, ofOne: 6, holdMs: 2_000, mostWaiting: 500 })

/** Whose share a request uses: a person's who is signed in, else a network's. */
export const shareOf = (viewer: Viewer | undefined, from: string): string =>
  viewer === undefined ? `network ${networkOf(from)}` : `person ${viewer.person.id}`

/** The same without looking anybody up: our signature on the cookie says whose it is. */
export async function shareOfCookie(web: Pick<Web, 'settings'>, credential: Credential, from: string): Promise<string> {
  const person = credential.by === 'session' ? await personIdOf(web, credential.cookie) : undefined
  return person === undefined ? `network ${networkOf(from)}` : `person ${person}`
}

/** Bodies as small as anybody's need no turn. */
export async function takeBodyTurn(
  { bodies }: Turns,
  response: ServerResponse,
  { share, bytes }: { share: string; bytes: number },
): Promise<boolean> {
  return bytes <= inputBounds.public.bytes || bodies.take(share, response, Math.min(bytes, inputBounds.large.bytes))
}
