import { type Action, actions } from '#contract/permissions.ts'
import { appRouter } from '../../router.ts'
import type { Meta } from '../../trpc.ts'
import { answerFor, isNarrow } from './answers.ts'
import { type ActorName, actors, type Cast, codeOf } from './cast.ts'
import { type Trial, trials } from './procedures.ts'
import { Tally } from './tally.ts'
import type { World } from './world.ts'

interface Procedure {
  name: string
  action: Action
  place: Meta['place']
  type: string
  keys: string[]
}

export const namesOf: Record<Meta['place'], readonly string[]> = {
  person: [],
  team: ['team'],
  environment: ['team', 'environment'],
  service: ['team', 'service'],
  'service here': ['team', 'environment', 'service'],
}

/** As the router has them. */
export const procedures: Procedure[] = Object.entries(
  appRouter._def.procedures as unknown as Record<
    string,
    { _def: { meta?: Meta; type: string; inputs: { shape?: Record<string, unknown> }[] } }
  >,
).map(([name, { _def }]) => ({
  name,
  action: _def.meta?.action as Action,
  place: _def.meta?.place as Meta['place'],
  type: _def.type,
  keys: [...new Set(_def.inputs.flatMap((input) => Object.keys(input.shape ?? {})))],
}))

/** Tries each with one's own as everybody, and with another team's as who may do everything at home. */
export async function tryProcedures(cast: Cast): Promise<{ own: Tally; foreign: Tally; written: Tally }> {
  const [own, foreign, written] = [
    new Tally("procedures, one's own"),
    new Tally("procedures, another team's"),
    new Tally('changes in the audit'),
  ]
  const ordered = [...procedures].sort((a, b) => (trials[a.name]?.last ?? 0) - (trials[b.name]?.last ?? 0))
  for (const [turn, procedure] of ordered.entries()) {
    const trial = trials[procedure.name] ?? {}
    await tryForeign(cast, { procedure, trial, turn: turn + 900 }, foreign)
    await tryOwn(cast, { procedure, trial, turn }, { own, written })
  }
  return { own, foreign, written }
}

interface One {
  procedure: Procedure
  trial: Trial
  turn: number
}

function inputOf({ procedure: { place, keys }, trial, turn }: One, world: World): Record<string, unknown> {
  const names = Object.fromEntries(namesOf[place].map((key) => [key, world[key as 'team']]))
  return { ...names, ...trial.input?.(world, turn), ...(keys.includes('team') && { team: world.team }) }
}

/** Everybody comes from one address here. */
function forgetAttempts({ signIn, token, message }: Cast['stand']['web']['limits']): void {
  for (const key of ['address test', 'account x@example.com', 'passkey options test']) signIn.giveBack(key)
  for (const key of ['test', 'code test']) token.giveBack(key)
  for (const key of ['message from test', 'message to x@example.com']) message.giveBack(key)
}

async function ask(
  { stand, viewer }: Cast,
  { name, action }: Procedure,
  actor: ActorName,
  input: unknown,
): Promise<{ code: string; answer: unknown }> {
  const [noun = '', verb = ''] = name.split('.')
  let answer: unknown
  forgetAttempts(stand.web.limits)
  const code = await codeOf(async () => {
    const routers = stand.as(await viewer(actor, action)) as unknown as Record<
      string,
      Record<string, (input: unknown) => Promise<unknown>>
    >
    answer = await routers[noun]?.[verb]?.(input)
    if (!isStream(answer)) return
    for await (const part of answer) {
      answer = (part as { head?: unknown }).head
      break
    }
  })
  return { code, answer }
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

async function tryOwn(cast: Cast, one: One, { own, written }: { own: Tally; written: Tally }): Promise<void> {
  const { procedure, trial, turn } = one
  for (const [index, actor] of actors.entries()) {
    const expected = answerFor(actor, {
      action: procedure.action,
      isPersonal: procedure.place === 'person',
      signedIn: trial.signedIn ?? false,
    })
    const number = turn * actors.length + index
    const fresh = expected === 'admitted' && !isNarrow(actor) ? await trial.fresh?.(cast, actor, number) : undefined
    const before = actor === 'owner' ? await rowsOf(cast) : 0
    const { code, answer } = await ask(cast, procedure, actor, {
      ...inputOf({ ...one, turn: number }, cast.demo),
      ...fresh,
    })
    if (actor === 'owner' && code === 'ok' && procedure.type === 'mutation' && trial.unwritten === undefined)
      written.note(await grows(cast, before), `${procedure.name} left no row in the audit`)
    own.note(isRight(), `${procedure.name} (${procedure.action}) as ${actor}: ${code} instead of ${expected}`)

    function isRight(): boolean {
      if (expected !== 'admitted') return code === expected
      if (isNarrow(actor) && procedure.place !== 'person' && trial.narrow !== 'may') {
        const lists =
          procedure.type === 'query' && !(actor === 'token of another service' && procedure.place.startsWith('service'))
        return (
          code === 'forbidden' ||
          code === 'not_found' ||
          (lists && (code === 'bad_request' || (code === 'ok' && !tells(cast, answer, actor))))
        )
      }
      return code === 'ok' || (trial.ends ?? []).includes(code)
    }
  }
}

/** What web changes itself, the runtime takes up into the audit in a moment. */
async function grows(cast: Cast, before: number): Promise<boolean> {
  for (const end = Date.now() + 5_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20)))
    if ((await rowsOf(cast)) > before) return true
  return false
}

/** How many rows the audit has, of all teams. */
const rowsOf = async (cast: Cast) => (await cast.as('owner').audit.verify({ team: 'elsewhere' })).rows

/** Whether an answer tells of what the token does not reach. */
function tells({ demo }: Cast, answer: unknown, actor: ActorName): boolean {
  const text = JSON.stringify(answer) ?? ''
  return actor === 'token of another service'
    ? text.includes(demo.serviceId) || text.includes(demo.service)
    : text.includes(demo.environmentId)
}

async function tryForeign(cast: Cast, one: One, tally: Tally): Promise<void> {
  const { procedure, trial } = one
  const there: Record<string, unknown> = {
    team: cast.other.team,
    environment: cast.other.child,
    service: cast.other.service,
  }
  const swapped = [
    ...namesOf[procedure.place]
      .filter((key) => trial.foreign?.[key] === undefined)
      .map((key) => ({ [key]: there[key] })),
    ...Object.entries(trial.foreign ?? {}).map(([key, of]) => ({ [key]: of(cast.other) })),
  ]
  for (const swap of swapped) {
    const { code, answer } = await ask(cast, procedure, 'owner', { ...inputOf(one, cast.demo), ...swap })
    // An instance that is not of the service has ended, as far as one is told; a call is answered by the gateway.
    const right =
      code === 'not_found' ||
      (code === 'forbidden' && actions[procedure.action] === 'operator') ||
      (code === 'not_in_this_state' && 'instanceId' in swap) ||
      (code === 'ok' && procedure.name.startsWith('calls.') && (answer as { status?: number }).status === 404)
    tally.note(right, `${procedure.name} with ${JSON.stringify(swap)}: ${code}`)
  }
}
