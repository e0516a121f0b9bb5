import { io, type Socket } from 'socket.io-client'
import type { LiveTopic, SubscribeAnswer } from '#contract/live.ts'
import { eventually } from '../stand.ts'
import { topics } from '../../live/topics.ts'
import { answerFor, isNarrow } from './answers.ts'
import { type ActorName, actors, type Cast } from './cast.ts'
import { Tally } from './tally.ts'
import { eventTrials, topicTrials } from './topics.ts'

const names = Object.keys(topics) as LiveTopic[]

/** One socket for each who is let in; `refused` says why one is not. */
async function connect(
  cast: Cast,
  actor: ActorName,
  action?: string,
): Promise<{ socket: Socket; refused: string | undefined }> {
  // As a browser or as a program: a socket has one identity.
  const cookie = cast.cookies.get(actor)
  const secret = cookie === undefined ? cast.secretOf(actor, action) : undefined
  const socket = io(cast.stand.settings.url, {
    path: '/live',
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    ...(secret !== undefined && { auth: { token: secret } }),
    ...(cookie !== undefined && { extraHeaders: { cookie, origin: cast.stand.settings.url } }),
  })
  socket.on('items', (_id, _items, ack: () => void) => ack())
  socket.on('bytes', (_id, _kind, _bytes, ack: () => void) => ack())
  const refused = await new Promise<string | undefined>((resolve) => {
    socket.once('connect', () => resolve(undefined))
    socket.once('connect_error', (error) =>
      resolve((error as { data?: { code?: string } }).data?.code ?? 'no connection'),
    )
  })
  return { socket, refused }
}

const subscribe = async (socket: Socket, topic: LiveTopic, input: unknown): Promise<string> => {
  const answer = await new Promise<SubscribeAnswer>((resolve) => socket.emit('subscribe', topic, topic, input, resolve))
  if (answer.ok) socket.emit('unsubscribe', topic)
  return answer.ok ? 'ok' : answer.error.code
}

export async function tryTopics(cast: Cast): Promise<{ own: Tally; foreign: Tally }> {
  const [own, foreign] = [new Tally("topics, one's own"), new Tally("topics, another team's")]
  for (const actor of actors) {
    const { socket, refused } = await connect(cast, actor)
    for (const name of names) {
      const { input, ends = [], listing } = topicTrials[name]
      const { action } = topics[name]
      const special =
        actor === 'token of another action' && action.startsWith('log.')
          ? await connect(cast, actor, action)
          : undefined
      const code = refused ?? (await subscribe(special?.socket ?? socket, name, input(cast.demo)))
      special?.socket.disconnect()
      const expected = answerFor(actor, { action, isPersonal: false, signedIn: true })
      const isRight =
        expected !== 'admitted'
          ? code === expected
          : isNarrow(actor)
            ? code === 'forbidden' || code === 'not_found' || (listing === true && code === 'ok')
            : code === 'ok' || ends.includes(code)
      own.note(isRight, `${name} (${action}) as ${actor}: ${code} instead of ${expected}`)
    }
    socket.disconnect()
  }
  const { socket } = await connect(cast, 'owner')
  for (const name of names) {
    for (const [part, of] of Object.entries(topicTrials[name].foreign)) {
      const code = await subscribe(socket, name, { ...topicTrials[name].input(cast.demo), [part]: of(cast.other) })
      foreign.note(
        code === 'not_found' || (part === 'instanceId' && code === 'not_in_this_state'),
        `${name} with another team's ${part}: ${code}`,
      )
    }
  }
  socket.disconnect()
  return { own, foreign }
}

/** What is said over one socket about a subscription of another's does nothing, whatever its id. */
export async function tryEvents(cast: Cast): Promise<Tally> {
  const tally = new Tally("socket events about another's subscription")
  const [mine, theirs] = [await connect(cast, 'owner'), await connect(cast, 'other team')]
  let heard = ''
  const ended: unknown[] = []
  mine.socket.on('bytes', (_id, _kind, bytes: Uint8Array) => {
    heard += Buffer.from(bytes).toString()
  })
  mine.socket.on('end', (id) => ended.push(id))
  const { team, environment, service } = cast.demo
  await new Promise((resolve) =>
    mine.socket.emit('subscribe', 'mine', 'exec', { team, environment, service, command: ['cat'] }, resolve),
  )
  for (const [event, given] of Object.entries(eventTrials)) theirs.socket.emit(event, 'mine', ...given)
  // Another round trip of theirs: all of it has been taken.
  await subscribe(theirs.socket, 'team', { team: cast.other.team })
  await mine.socket.emitWithAck('write', 'mine', Buffer.from('still mine\n'))
  await eventually(() => heard.includes('still mine'))
  for (const event of Object.keys(eventTrials))
    tally.note(heard === 'still mine\n' && ended.length === 0, `${event}: ${JSON.stringify({ heard, ended })}`)
  mine.socket.disconnect()
  theirs.socket.disconnect()
  return tally
}
