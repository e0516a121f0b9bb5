import { io, type Socket } from 'socket.io-client'
import { errorFromBody, PlatformError } from '#contract/errors.ts'
import {
  type ClientToServer,
  type LiveBytesKind,
  type LiveInput,
  type LiveItem,
  type LiveTopic,
  type ServerToClient,
  type SignalName,
  type TerminalSize,
} from '#contract/live.ts'
import { livePath, maxWrite } from '#contract/live-socket.ts'
import { restartMs, type Session } from './session.ts'

type LiveSocket = Socket<ServerToClient, ClientToServer>

const id = '1'

function open(session: Session): LiveSocket {
  return io(session.url, {
    path: livePath,
    transports: ['websocket'],
    auth: { token: session.token },
    reconnectionDelay: 200,
    reconnectionDelayMax: 2_000,
  })
}

async function subscribe<T extends LiveTopic>(socket: LiveSocket, topic: T, input: LiveInput<T>): Promise<void> {
  const answer = await new Promise<Parameters<Parameters<ClientToServer['subscribe']>[3]>[0]>((resolve) =>
    socket.emit('subscribe', id, topic, input, resolve),
  )
  if (!answer.ok) throw errorFromBody(answer.error)
}

/**
 * What comes on a topic, until it ends. A lost connection is made anew: `resume` says where to go on from, given the
 * input it began with.
 */
export async function* follow<T extends LiveTopic>(
  session: Session,
  topic: T,
  input: LiveInput<T>,
  resume: () => LiveInput<T> = () => input,
): AsyncGenerator<LiveItem<T>> {
  const socket = open(session)
  const queue: { items: unknown[]; ack: () => void }[] = []
  let ended: { error: PlatformError | null } | undefined
  let wake = () => {}
  const end = (error: PlatformError | null) => {
    ended ??= { error }
    wake()
  }
  let begun = false
  const begin = (giveUpAt: number) => {
    subscribe(socket, topic, begun ? resume() : input).then(
      () => (begun = true),
      (error: PlatformError) => {
        // The console is back before what is behind it: a connection that is lost meanwhile begins anew by itself.
        if (error.code !== 'unavailable' || Date.now() > giveUpAt) end(error)
        else setTimeout(() => socket.connected && begin(giveUpAt), 300)
      },
    )
  }
  socket.on('connect', () => begin(Date.now() + restartMs))
  const deadline = Date.now() + restartMs
  socket.on('connect_error', (error) => {
    if (!socket.active || (!begun && Date.now() > deadline)) end(connectError(session, error))
  })
  socket.on('items', (_, items, ack) => {
    queue.push({ items, ack })
    wake()
  })
  socket.on('end', (_, error) => end(error === null ? null : errorFromBody(error)))
  socket.on('signedOut', () =>
    end(new PlatformError('unauthenticated', 'the token was revoked', { fix: 'Log in again: m3o login.' })),
  )
  try {
    for (;;) {
      const batch = queue.shift()
      if (batch !== undefined) {
        yield* batch.items as LiveItem<T>[]
        batch.ack()
      } else if (ended !== undefined) {
        if (ended.error) throw ended.error
        return
      } else {
        await new Promise<void>((resolve) => (wake = resolve))
      }
    }
  } finally {
    socket.disconnect()
  }
}

export interface Program {
  output: (kind: LiveBytesKind, bytes: Uint8Array) => Promise<void>
  input: AsyncIterable<Uint8Array>
  onResize: (resize: (size: TerminalSize) => void) => void
  onSignal: (signal: (name: SignalName) => void) => void
}

/** Runs a command in an instance's sandbox with this process's streams; gives its exit code. */
export async function runProgram(session: Session, input: LiveInput<'exec'>, program: Program): Promise<number> {
  const socket = open(session)
  const exit = Promise.withResolvers<number>()
  socket.on('connect', () => {
    // From here on a lost connection is a lost program.
    socket.io.reconnection(false)
    subscribe(socket, 'exec', input).then(() => {
      program.onResize((size) => socket.emit('resize', id, size))
      program.onSignal((name) => socket.emit('signal', id, name))
      // What the program did not wait for need not be read to its end.
      send(socket, program.input).catch(() => {})
    }, exit.reject)
  })
  const deadline = Date.now() + restartMs
  socket.on('connect_error', (error) => {
    if (!socket.active || Date.now() > deadline) exit.reject(connectError(session, error))
  })
  socket.on('disconnect', () =>
    exit.reject(
      new PlatformError('unavailable', 'the connection was lost, and the command was stopped', {
        fix: 'Run it again.',
      }),
    ),
  )
  let written = Promise.resolve()
  socket.on('bytes', (_, kind, bytes, ack) => {
    written = written.then(() => program.output(kind, bytes)).then(ack)
  })
  socket.on('items', (_, [item], ack) => {
    ack()
    const { exitCode } = item as LiveItem<'exec'>
    void written.then(() => exit.resolve(exitCode ?? 255))
  })
  socket.on('end', (_, error) => {
    if (error !== null) exit.reject(errorFromBody(error))
  })
  try {
    return await exit.promise
  } finally {
    socket.off('disconnect')
    socket.disconnect()
  }
}

/** Writes the next piece after the one before was taken. */
async function send(socket: LiveSocket, input: AsyncIterable<Uint8Array>): Promise<void> {
  const write = (bytes: Uint8Array) => new Promise<void>((resolve) => socket.emit('write', id, bytes, resolve))
  for await (const bytes of input)
    for (let at = 0; at < bytes.length; at += maxWrite) await write(bytes.subarray(at, at + maxWrite))
  await write(new Uint8Array())
}

function connectError(session: Session, error: Error & { data?: unknown }): PlatformError {
  return error.data
    ? errorFromBody(error.data)
    : new PlatformError('unavailable', `cannot connect to ${session.url}: ${error.message}`, {
        fix: 'Check that the platform runs, then try again.',
      })
}
