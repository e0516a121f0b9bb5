import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server, type Socket } from 'socket.io'
import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { type ClientToServer, liveTopics, type ServerToClient, signalNames, terminalSize } from '#contract/live.ts'
import { livePath, maxWrite } from '#contract/live-socket.ts'
import { addressOf } from '../http/address.ts'
import { credentialOf } from '../http/credential.ts'
import { bodyOfFailure } from '../http/answer.ts'
import { byToken, viewer } from '../people/viewer.ts'
import type { Viewer, Web } from '../web.ts'
import { networkOf } from '../people/sign-in-limit.ts'
import { Arrivals, boundPackets, FairWebSocketServer } from './arrivals.ts'
import { PlatformEvents } from './events.ts'
import { heard } from './heard.ts'
import { PresenceRooms } from './presence.ts'
import { sinksOf } from './sink.ts'
import { Subscriptions } from './subscriptions.ts'

interface Data {
  viewer: Viewer
  renew: () => Promise<Viewer | undefined>
}
export type LiveSocket = Socket<ClientToServer, ServerToClient, Record<string, never>, Data>

/** How often a socket's sign-in and subscriptions are looked at again, besides when something says that they changed. */
const recheckMs = 15_000
/** Until a socket that was opened must be signed in. */
const signInMs = 10_000
const mostSocketsOfPerson = 100
/** Input of programs that has not been taken yet. A client writes the next piece after the ack of the one before. */
const mostUnwritten = 4 * maxWrite

/** The live socket of contract/live.ts. Upgrades are handed in; it listens on nothing itself. */
export function createLive(web: Web, { teamChanged = () => {} }: { teamChanged?: () => void } = {}) {
  // socket.io wants a server to hang itself on; this one never listens (recipes: upgrades are routed by hand).
  const never = createServer()
  const io = new Server<ClientToServer, ServerToClient, Record<string, never>, Data>(never, {
    path: livePath,
    transports: ['websocket'],
    serveClient: false,
    destroyUpgrade: false,
    maxHttpBufferSize: 2 * maxWrite,
    connectTimeout: signInMs,
    wsEngine: FairWebSocketServer,
    pingInterval: 10_000,
    pingTimeout: 10_000,
  })
  const events = new PlatformEvents(web, {
    missed: () => io.emit('resync'),
    // Somebody's role or token may be another now, or an environment is gone.
    accessChanged: () => {
      teamChanged()
      sooner ??= setTimeout(() => {
        sooner = undefined
        recheckAll()
      }, 50)
    },
  })
  let sooner: NodeJS.Timeout | undefined
  const presence = new PresenceRooms()
  const open = new Map<LiveSocket, Subscriptions>()
  const arrivals = new Arrivals()
  const signedIn = new WeakSet<object>()
  io.engine.on('connection', (connection) => boundPackets(connection, () => signedIn.has(connection)))

  io.use((socket, next) => {
    signIn(web, socket).then(
      () => next(),
      (error: unknown) => {
        const body = bodyOfFailure(web, error, 'live sign-in')
        next(Object.assign(new Error(body.message), { data: body }))
      },
    )
  })
  io.on('connection', (socket) => {
    arrivals.signedIn(socket.request.socket)
    signedIn.add(socket.conn)
    const ownSockets = () => [...open].filter(([one]) => one.data.viewer.person.id === socket.data.viewer.person.id)
    if (ownSockets().length >= mostSocketsOfPerson) return void socket.disconnect(true)
    const subscriptions = new Subscriptions({
      ofPerson: () => ownSockets().reduce((sum, [, { size }]) => sum + size, 0),
      web,
      events,
      presence,
      socketId: socket.id,
      viewer: () => socket.data.viewer,
      sink: sinksOf(socket),
      end: (id, error) => socket.emit('end', id, error),
    })
    open.set(socket, subscriptions)
    listen(web, socket, subscriptions)
    socket.once('disconnect', () => {
      open.delete(socket)
      subscriptions.closeAll()
    })
  })

  function signOut(socket: LiveSocket): void {
    socket.emit('signedOut')
    socket.disconnect(true)
  }

  async function recheck(socket: LiveSocket, subscriptions: Subscriptions): Promise<void> {
    try {
      const now = await socket.data.renew()
      if (now === undefined) return signOut(socket)
      socket.data.viewer = now
      await subscriptions.recheck()
    } catch (error) {
      const { code } = bodyOfFailure(web, error, 'live recheck')
      if (code === 'unauthenticated') signOut(socket)
    }
  }

  const offEnded = web.sessions.onEnded((id) => {
    for (const socket of open.keys()) if (socket.data.viewer.session?.id === id) signOut(socket)
  })
  const recheckAll = () => open.forEach((subscriptions, socket) => void recheck(socket, subscriptions))
  const timer = setInterval(recheckAll, recheckMs).unref()

  return {
    /** False when the path is not the live socket's. The Origin has been checked. */
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
      const path = request.url?.split('?', 1)[0] ?? ''
      if (path !== livePath && path !== `${livePath}/`) return false
      if (!arrivals.mayCome(socket, networkOf(addressOf(request, web.settings)))) socket.destroy()
      else never.emit('upgrade', request, socket, head)
      return true
    },
    /** How far the events of teams have come, for the topic `team`. */
    mark: () => events.mark,
    async close(): Promise<void> {
      clearInterval(timer)
      clearTimeout(sooner)
      offEnded()
      events.close()
      for (const subscriptions of open.values()) subscriptions.closeAll()
      // Only the transports are closed: a goodbye (`disconnectSockets`) is final for clients, and they are to come back.
      await io.close()
    },
  }
}

/** By the browser's cookie, which only counts with the console's own Origin, or by a token in the handshake. */
async function signIn(web: Web, socket: LiveSocket): Promise<void> {
  const { request } = socket
  const from = addressOf(request, web.settings)
  const given = heard(z.object({ token: z.string().max(300).optional() }), socket.handshake.auth ?? {})
  if (given === undefined) throw new PlatformError('bad_request', 'the handshake token is invalid', { field: 'token' })
  const { token } = given
  if (token !== undefined && credentialOf(request.headers, web.settings).by !== 'nobody')
    throw new PlatformError('bad_request', 'the connection has two identities', { fix: 'Send only one of them.' })
  const fromPage = request.headers.origin !== undefined
  const renew =
    token !== undefined
      ? () => byToken(web, token, from)
      : () =>
          viewer(
            web,
            { authorization: request.headers.authorization, ...(fromPage && { cookie: request.headers.cookie }) },
            from,
          )
  const who = await renew()
  if (who === undefined) throw new PlatformError('unauthenticated', 'you are not signed in', { fix: 'Sign in again.' })
  socket.data = { viewer: who, renew }
}

const id = z.string().min(1).max(64)
const size = terminalSize
const signal = z.enum(signalNames)
/** As a path in a tree may be (runtime/source/path.ts). */
const path = z
  .string()
  .max(1_024)
  .refine((value) => value.isWellFormed() && Buffer.byteLength(value) <= 1_024 && !/[\0-\x1f\x7f\\]/.test(value))
const spoken = z.object({ path: path.nullable(), editing: z.boolean() })
const bytes = z.instanceof(Uint8Array).refine((value) => value.length <= maxWrite)
const topic = z.enum(Object.keys(liveTopics) as [keyof typeof liveTopics])

/** Everything that comes in is hostile until it was parsed; what does not parse is dropped. */
function listen(web: Web, socket: LiveSocket, subscriptions: Subscriptions): void {
  const ackOf = (ack: unknown): ((...values: unknown[]) => void) =>
    typeof ack === 'function' ? (ack as () => void) : () => {}
  socket.on('subscribe', (...[givenId, givenTopic, input, ack]: unknown[]) => {
    const answer = ackOf(ack)
    const [known, named] = [heard(id, givenId), heard(topic, givenTopic)]
    if (known === undefined || named === undefined)
      return answer({ ok: false, error: { code: 'bad_request', message: 'this topic does not exist' } })
    subscriptions.open(known, named, input).then(
      () => answer({ ok: true }),
      (error: unknown) => answer({ ok: false, error: bodyOfFailure(web, error, `live ${named}`) }),
    )
  })
  const inletOf = (given: unknown) => {
    const known = heard(id, given)
    return known === undefined ? undefined : subscriptions.inlet(known)
  }
  socket.on('unsubscribe', (given: unknown) => {
    const known = heard(id, given)
    if (known !== undefined) subscriptions.close(known)
  })
  let unwritten = 0
  socket.on('write', (...[given, value, ack]: unknown[]) => {
    const said = heard(bytes, value)
    unwritten += said?.length ?? 0
    // It does not wait for acks: what its program does not take would be kept here.
    if (unwritten > mostUnwritten) return void socket.disconnect(true)
    const written = said === undefined ? undefined : inletOf(given)?.write?.(said)
    void Promise.resolve(written).finally(() => {
      unwritten -= said?.length ?? 0
      ackOf(ack)()
    })
  })
  socket.on('resize', (...[given, value]: unknown[]) => {
    const said = heard(size, value)
    if (said !== undefined) inletOf(given)?.resize?.(said)
  })
  socket.on('signal', (...[given, value]: unknown[]) => {
    const said = heard(signal, value)
    if (said !== undefined) inletOf(given)?.signal?.(said)
  })
  socket.on('say', (...[given, value]: unknown[]) => {
    const said = heard(spoken, value)
    if (said !== undefined) inletOf(given)?.say?.(said)
  })
}
