import { WebSocket } from 'ws'
import { errorFromBody, PlatformError } from '#contract/errors.ts'
import { type FromLaptop, laptopPath, type ToLaptop, toLaptop } from '#contract/laptops.ts'
import { Tunnel } from '#contract/tunnel.ts'
import { maxTunnelMessage } from '#contract/tunnel-frames.ts'
import type { TunnelStream } from '#contract/tunnel-stream.ts'
import type { Session } from '../session.ts'

/** The platform asks every two seconds whether somebody is there. */
const silenceMs = 8_000
const handshakeMs = 15_000

export interface LinkOptions {
  at: { team: string; environment: string; service: string }
  /** Its name before the connection was lost. */
  instance: string | undefined
  force: boolean
  onMessage: (message: ToLaptop) => void
  /** A call to the process of this run. */
  onCall: (stream: TunnelStream, run: number) => void
}

/** The one connection to the platform. */
export interface Link {
  say(message: FromLaptop): void
  open(to: 'gateway' | 'stdout' | 'stderr'): TunnelStream
  /** How many calls are under way. */
  readonly calls: number
  /** Resolves when it is over, whoever ended it. */
  readonly closed: Promise<void>
  close(): void
}

/** @throws PlatformError as the platform refuses; `unavailable` when it is not reached */
export async function openLink(session: Session, options: LinkOptions): Promise<Link> {
  const { at, instance, force } = options
  const query = new URLSearchParams({ ...at, force: force ? '1' : '0', ...(instance !== undefined && { instance }) })
  const socket = new WebSocket(`${session.url.replace(/^http/, 'ws')}${laptopPath}?${query.toString()}`, {
    headers: session.headers(),
    perMessageDeflate: false,
    maxPayload: maxTunnelMessage,
    handshakeTimeout: handshakeMs,
  })
  let calls = 0
  const tunnel = new Tunnel({
    listened: false,
    send: (message, sent) => socket.send(message, sent),
    onOpen: (stream, to) => {
      const run = /^call\/(\d{1,10})$/.exec(to)?.[1]
      stream.on('error', () => {})
      if (run === undefined) return void stream.destroy()
      calls++
      stream.once('close', () => calls--)
      options.onCall(stream, Number(run))
    },
    onMessage: (value) => options.onMessage(toLaptop.parse(value)),
  })
  let heardAt = performance.now()
  socket.on('ping', () => (heardAt = performance.now()))
  // From the first message on: nothing that comes with the answer to the handshake may be missed.
  socket.on('message', (message: Buffer) => {
    heardAt = performance.now()
    try {
      tunnel.receive(message)
    } catch {
      socket.terminate()
    }
  })
  await opened(socket, session)
  const timer = setInterval(() => {
    if (performance.now() - heardAt > silenceMs) socket.terminate()
  }, 1_000)
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      clearInterval(timer)
      tunnel.close(new Error('the connection to the platform was lost'))
      resolve()
    }),
  )
  socket.on('error', () => socket.terminate())
  return {
    closed,
    get calls() {
      return calls
    },
    say: (message) => tunnel.say(message),
    open: (to) => tunnel.open(to).on('error', () => {}),
    close: () => socket.close(1000),
  }
}

function opened(socket: WebSocket, session: Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const away = (cause: Error) =>
      reject(
        new PlatformError(
          'unavailable',
          `no response from ${session.url}`,
          { fix: 'Start it with `m3o server`, or give another address with --url.' },
          { cause },
        ),
      )
    socket.once('open', () => {
      socket.off('error', away)
      resolve()
    })
    socket.once('error', away)
    socket.once('unexpected-response', (request, response) => {
      let text = ''
      response
        .setEncoding('utf8')
        .on('data', (part: string) => (text += part))
        .once('close', () => {
          request.destroy()
          reject(refusal(text, response.statusCode ?? 502))
        })
    })
  })
}

function refusal(text: string, status: number): PlatformError {
  try {
    return errorFromBody(JSON.parse(text))
  } catch {
    return new PlatformError(status >= 500 ? 'unavailable' : 'bad_gateway', `the platform responded with ${status}`)
  }
}
