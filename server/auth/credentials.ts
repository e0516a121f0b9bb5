import type { AuthenticationResponseJSON } from '@simplewebauthn/server'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import type { Person } from '#contract/records.ts'
import { actingAs } from '../people/changes.ts'
import { networkOf } from '../people/sign-in-limit.ts'
import type { Web } from '../web.ts'
import type { SignInExchange } from './cookies.ts'
import { endWaiting, requireWaiting, waitForSecond } from './second.ts'

/** Whom next-auth signs in, and by what. `waits`: not yet, for their second factor is missing. */
export interface SignedIn extends Person {
  method: string
  waits?: boolean
}

type Given = Record<string, unknown>
type Authorize = (web: Web, exchange: SignInExchange, given: Given) => Promise<SignedIn>

const byPassword: Authorize = async (web, exchange, { email, password }) => {
  if (typeof email !== 'string' || typeof password !== 'string' || email.length > 254 || password.length > 1024)
    throw new PlatformError('bad_request', 'email and password are needed')
  return first(web, exchange, await web.people.signIn({ email, password, from: exchange.from }), 'password')
}

const byLink: Authorize = async (web, exchange, { code }) => {
  const key = `link ${networkOf(exchange.from)}`
  web.limits.signIn.use(key)
  const person = await web.byMessage.signIn(textOf(code))
  web.limits.signIn.takeBack(key)
  return first(web, exchange, person, 'link')
}

/** By itself: the finger or the PIN was asked for, so it is two factors in one. */
const byPasskey: Authorize = async (web, exchange, { answer }) => {
  const key = `passkey ${networkOf(exchange.from)}`
  web.limits.signIn.use(key)
  const { userId } = await web.passkeys.check('sign in', answerOf(answer))
  const person = await web.people.byId(userId)
  if (person === undefined) throw new PlatformError('unauthenticated', 'this person no longer exists')
  web.limits.signIn.takeBack(key)
  return { ...person, method: 'passkey' }
}

/** What was still missing of a sign-in that waits in this browser. */
const bySecond: Authorize = async (web, exchange, { code, answer }) => {
  const { person, code: waiting, method } = await requireWaiting(web, exchange.request.headers.cookie)
  const by =
    answer === undefined
      ? await web.factor.check(person, textOf(code), actingAs(person, exchange.from))
      : await web.passkeys.check('second', answerOf(answer), person.id).then(() => 'passkey')
  await endWaiting(web, exchange, waiting)
  return { ...person, method: `${method}, ${by}` }
}

async function first(web: Web, exchange: SignInExchange, person: Person, method: string): Promise<SignedIn> {
  return { ...person, method, waits: await waitForSecond(web, exchange, { person, method }) }
}

const ways: Readonly<Record<string, Authorize>> = {
  credentials: byPassword,
  link: byLink,
  passkey: byPasskey,
  second: bySecond,
}

/** For next-auth: literals, as the package's own provider is a CommonJS default that plain Node does not find. */
export const credentialProviders = (web: Web, exchange: SignInExchange) =>
  Object.entries(ways).map(([id, authorize]) => ({
    id,
    name: id,
    type: 'credentials',
    credentials: {},
    options: {},
    async authorize(given: Given | undefined) {
      try {
        return await authorize(web, exchange, given ?? {})
      } catch (error) {
        if (!isPlatformError(error)) throw error
        web.log.info({ way: id, code: error.code, from: exchange.from }, 'a sign-in was refused')
        // Only the code travels in the answer's URL: text from there must not be shown as ours.
        throw new Error(error.code, { cause: error })
      }
    },
  }))

function textOf(given: unknown): string {
  if (typeof given === 'string' && given.length <= 200) return given
  throw new PlatformError('bad_request', 'a code is needed')
}

/** As the browser gives it, in JSON; all of it is hostile until it was verified. */
function answerOf(given: unknown): AuthenticationResponseJSON {
  try {
    const answer = JSON.parse(
      typeof given === 'string' && given.length <= 16_384 ? given : '',
    ) as AuthenticationResponseJSON
    if (typeof answer.id === 'string' && typeof answer.response.clientDataJSON === 'string') return answer
  } catch {
    /* said below */
  }
  throw new PlatformError('bad_request', 'a passkey’s answer is needed')
}
