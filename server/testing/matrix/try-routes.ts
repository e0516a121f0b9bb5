import { request } from 'node:http'
import { answerFor, isNarrow, isPersonal } from './answers.ts'
import { type ActorName, actors, type Cast } from './cast.ts'
import { routeTrials } from './routes.ts'
import { Tally } from './tally.ts'

const statusOf: Record<string, number> = { unauthenticated: 401, forbidden: 403, not_found: 404 }

export async function tryRoutes(cast: Cast): Promise<{ own: Tally; foreign: Tally }> {
  const [own, foreign] = [new Tally("routes, one's own"), new Tally("routes, another team's")]
  for (const [begins, trials] of Object.entries(routeTrials)) {
    for (const [name, trial] of Object.entries(trials)) {
      const { action, ends = [], tokensOnly = false } = trial
      for (const actor of actors) {
        cast.stand.web.limits.token.giveBack('127.0.0.1')
        const status = await send(cast, actor, { ...trial.request(cast.demo), tokensOnly, action })
        const expected =
          action === 'open'
            ? 'admitted'
            : tokensOnly && cast.secretOf(actor) === undefined
              ? 'unauthenticated'
              : answerFor(actor, { action, isPersonal: isPersonal(action), signedIn: true })
        const isFine = (status >= 200 && status < 300) || ends.includes(status)
        const isRight =
          expected !== 'admitted'
            ? status === statusOf[expected] ||
              (actor === 'nobody' && status === trial.nobody) ||
              (begins === '/handover' && status === 303)
            : isNarrow(actor) && action !== 'open' && !isPersonal(action)
              ? status === 403 || status === 404 || status === 400
              : isFine || (actor.includes('token') && status === 401 && action === 'open')
        own.note(isRight, `${begins} ${name} (${action}) as ${actor}: ${status} instead of ${expected}`)
      }
      for (const [part, make] of Object.entries(trial.foreign ?? {})) {
        const status = await send(cast, 'owner', { ...make(cast.demo, cast.other), tokensOnly, action })
        foreign.note(
          status === 404 || (begins === '/api/calls' && part === 'service' && status === 200),
          `${begins} ${name} with another team's ${part}: ${status}`,
        )
      }
    }
  }
  return { own, foreign }
}

interface Asked {
  method: string
  path: string
  body?: string
  tokensOnly: boolean
  action: string
}

function send(cast: Cast, actor: ActorName, { method, path, body, tokensOnly, action }: Asked): Promise<number> {
  const secret = cast.secretOf(actor, action)
  const cookie = tokensOnly ? undefined : cast.cookies.get(actor)
  const authorization =
    secret === undefined || cookie !== undefined
      ? undefined
      : tokensOnly
        ? `Basic ${Buffer.from(`x:${secret}`).toString('base64')}`
        : `Bearer ${secret}`
  const { url, port, gatewayPort } = cast.stand.settings
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path: path.replace('GATEWAY', String(gatewayPort)),
        headers: {
          host: new URL(url).host,
          ...(cookie !== undefined && { cookie, origin: url }),
          ...(authorization !== undefined && { authorization }),
          ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        },
      },
      (answer) =>
        answer
          .resume()
          .once('end', () => resolve(answer.statusCode ?? 0))
          .once('error', reject),
    )
    sent.once('error', reject).end(body)
  })
}
