import { io, type Socket } from 'socket.io-client'
import { errorFromBody, PlatformError } from '#contract/errors.ts'
import type {
  ClientToServer,
  LiveBytesKind,
  LiveInput,
  LiveItem,
  LiveTopic,
  ServerToClient,
  SignalName,
  TerminalSize,
} from '#contract/live.ts'
import { livePath, maxWrite } from '#contract/live-socket.ts'

/** `signed-out`: the session has ended; nothing comes back by itself. */
export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'signed-out'

export interface Handlers<T extends LiveTopic> {
  /** The next batch comes once this returned (or its promise is fulfilled): take your time and the server waits. */
  onItems?(items: LiveItem<T>[]): void | Promise<void>
  /** Of a terminal or a command. As above. `snapshot` repaints the whole screen: reset before writing it. */
  onBytes?(kind: LiveBytesKind, bytes: Uint8Array): void | Promise<void>
  /** Subscribed, at first and again after each interruption. */
  onOpen?(): void
  /** The connection is gone; it comes back, subscribed again, by itself. */
  onInterrupted?(): void
  /** Nothing more comes: it ended (null), or was refused or failed. */
  onEnd?(error: PlatformError | null): void
  /** Input to go on with after an interruption, such as the last `seq` seen; the same input when absent. */
  resume?(): LiveInput<T>
}

export interface Subscription {
  close(): void
  /** Resolves once the server took them; write on then. Fails while disconnected. */
  write(bytes: Uint8Array): Promise<void>
  resize(size: TerminalSize): void
  signal(name: SignalName): void
  say(value: { path: string | null; editing: boolean }): void
}

interface Open {
  topic: LiveTopic
  input: unknown
  handlers: Handlers<LiveTopic>
}

/** What a page shows of these would stay as it is for good: nobody else asks for them again when the runtime was just restarting. */
const shown: ReadonlySet<LiveTopic> = new Set(['team', 'deployment', 'promotion'])
const againMs = 500

/** One socket for everything live of a page; subscriptions survive its interruptions. */
export class LiveConnection {
  readonly #socket: Socket<ServerToClient, ClientToServer>
  readonly #open = new Map<string, Open>()
  readonly #listeners = new Set<() => void>()
  readonly #resync = new Set<() => void>()
  #state: ConnectionState = 'connecting'
  #count = 0
  #connectedBefore = false

  /** @param url of the console; the page's own when absent */
  constructor(url?: string) {
    this.#socket = io(url, {
      path: livePath,
      transports: ['websocket'],
      autoConnect: false,
      reconnectionDelay: 250,
      reconnectionDelayMax: 5_000,
      randomizationFactor: 0.5,
    })
    this.#socket.on('connect', () => {
      this.#become('connected')
      for (const id of this.#open.keys()) this.#subscribe(id, this.#connectedBefore)
      // What happened while nobody listened is unknown.
      if (this.#connectedBefore) this.#tellResync()
      this.#connectedBefore = true
    })
    this.#socket.on('disconnect', () => {
      if (this.#state !== 'signed-out') this.#become('disconnected')
      for (const { handlers } of this.#open.values()) handlers.onInterrupted?.()
    })
    this.#socket.on('connect_error', (error) => {
      const refused = (error as { data?: { code?: string } }).data?.code === 'unauthenticated'
      this.#become(refused ? 'signed-out' : 'disconnected')
      // A refusal by the server is final for socket.io, but it may only have been away.
      if (!refused) setTimeout(() => this.#connect(), 1_000)
    })
    // A network that is gone takes no connection down with it: its silence is noticed after twenty seconds only. The browser
    // says so at once; whether it is true of this console is found out by connecting anew, which goes on until it is back.
    window.addEventListener('offline', () => {
      if (this.#socket.connected) this.#socket.io.engine.close()
    })
    window.addEventListener('online', () => {
      if (this.#state === 'disconnected') this.reconnect()
    })
    this.#socket.on('signedOut', () => this.#become('signed-out'))
    this.#socket.on('resync', () => this.#tellResync())
    this.#socket.on('items', (id, items, ack) => void this.#handle(id, (handlers) => handlers.onItems?.(items), ack))
    this.#socket.on(
      'bytes',
      (id, kind, bytes, ack) =>
        void this.#handle(id, (handlers) => handlers.onBytes?.(kind, new Uint8Array(bytes)), ack),
    )
    this.#socket.on('end', (id, error) => this.#end(id, error === null ? null : errorFromBody(error)))
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Told of each change of {@link state}. */
  onState(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Told when events may have been missed: fetch again what is shown. */
  onResync(listener: () => void): () => void {
    this.#resync.add(listener)
    return () => this.#resync.delete(listener)
  }

  subscribe<T extends LiveTopic>(topic: T, input: LiveInput<T>, handlers: Handlers<T>): Subscription {
    const id = `${++this.#count}`
    this.#open.set(id, { topic, input, handlers: handlers })
    if (this.#socket.connected) this.#subscribe(id, false)
    else this.#connect()
    return {
      close: () => {
        if (this.#open.delete(id) && this.#socket.connected) this.#socket.emit('unsubscribe', id)
      },
      write: async (bytes) => {
        for (let from = 0; from === 0 || from < bytes.length; from += maxWrite)
          await this.#write(id, bytes.subarray(from, from + maxWrite))
      },
      resize: (size) => void (this.#socket.connected && this.#socket.emit('resize', id, size)),
      signal: (name) => void (this.#socket.connected && this.#socket.emit('signal', id, name)),
      say: (value) => void (this.#socket.connected && this.#socket.emit('say', id, value)),
    }
  }

  /** After signing in again. */
  reconnect(): void {
    this.#socket.disconnect().connect()
  }

  close(): void {
    this.#open.clear()
    this.#socket.disconnect()
  }

  /** Once only: one that is connecting would ask a second time, be two on the server, and its subscriptions refused as known. */
  #connect(): void {
    if (!this.#socket.active) this.#socket.connect()
  }

  #subscribe(id: string, again: boolean): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    if (again) open.input = open.handlers.resume?.() ?? open.input
    this.#socket.emit('subscribe', id, open.topic, open.input, (answer) => {
      if (answer.ok) return this.#open.get(id)?.handlers.onOpen?.()
      const error = errorFromBody(answer.error)
      if (error.code === 'unavailable' && shown.has(open.topic)) this.#later(id)
      else this.#end(id, error)
    })
  }

  /** Of a connection that was lost meanwhile, the next one subscribes by itself. */
  #later(id: string): void {
    const { id: connection } = this.#socket
    setTimeout(() => {
      if (this.#socket.connected && this.#socket.id === connection) this.#subscribe(id, true)
    }, againMs)
  }

  async #handle(
    id: string,
    take: (handlers: Handlers<LiveTopic>) => void | Promise<void>,
    ack: () => void,
  ): Promise<void> {
    const open = this.#open.get(id)
    try {
      if (open !== undefined) await take(open.handlers)
    } finally {
      ack()
    }
  }

  #write(id: string, bytes: Uint8Array): Promise<void> {
    if (!this.#socket.connected)
      return Promise.reject(new PlatformError('unavailable', 'the connection is interrupted'))
    return new Promise((resolve, reject) => {
      const gone = () => reject(new PlatformError('unavailable', 'the connection was interrupted'))
      this.#socket.once('disconnect', gone)
      this.#socket.emit('write', id, bytes, () => {
        this.#socket.off('disconnect', gone)
        resolve()
      })
    })
  }

  #end(id: string, error: PlatformError | null): void {
    const open = this.#open.get(id)
    this.#open.delete(id)
    open?.handlers.onEnd?.(error)
  }

  #become(state: ConnectionState): void {
    if (state === this.#state) return
    this.#state = state
    for (const listener of this.#listeners) listener()
  }

  #tellResync(): void {
    for (const listener of this.#resync) listener()
  }
}
