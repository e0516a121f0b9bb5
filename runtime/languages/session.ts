import type { Duplex } from 'node:stream'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { drained } from '#contract/drained.ts'
import { encodeMessage, MessageReader } from './framing.ts'
import { editorBounds, encodeLine, LineReader } from './lines.ts'
import type { InstallState } from './install-ahead.ts'
import type { Program } from './program.ts'
import type { Change } from './project.ts'

interface Message {
  jsonrpc?: string
  id?: number | string
  method?: string
  params?: unknown
}

const maxRead = 4 << 20
/** Reads that wait for the one in progress. */
const mostReads = 64
/** How long an editor may take nothing of what waits for it. */
const mostPatienceMs = 60_000
/** What may wait unsent, in either direction, beside what is held back by its reader. */
const mostUnsent = 32 << 20

interface Read {
  id: number | string | undefined
  uri: string
}

/**
 * One editor and its language server. The editor speaks to the server as it likes; what the platform adds begins with
 * `m3o/`: `m3o/ready` comes first, `m3o/dependencies` when they changed, `m3o/install` when they are being installed,
 * `m3o/restart` before the end when another is to be opened, `m3o/read` answers with the text of a declaration.
 */
export class Session {
  readonly #program: Program
  readonly #socket: Duplex
  #initialized = false
  readonly #missed = new Map<string, Change>()
  readonly #reads: Read[] = []
  #reading = false
  readonly #patienceMs: number
  #installing: InstallState['state'] = 'installed'
  /** Milliseconds since 1970, of the editor's last message. */
  usedAt = performance.now()

  constructor(program: Program, socket: Duplex, patienceMs = mostPatienceMs) {
    this.#patienceMs = patienceMs
    this.#program = program
    this.#socket = socket
  }

  /** Until either side ends. */
  async run(dependencies: readonly string[]): Promise<void> {
    const { child, layout } = this.#program
    this.#tell({ method: 'm3o/ready', params: { root: pathToFileURL(layout.app).href, dependencies } })
    const ended = Promise.race([once(child, 'close'), once(this.#socket, 'close')]).catch(() => {})
    this.#fromServer().catch(() => this.end())
    this.#fromEditor().catch(() => this.end())
    await ended
    this.end()
  }

  end(): void {
    this.#program.child.kill('SIGKILL')
    this.#socket.end()
  }

  /** Files changed that the editor need not have open. */
  changed(changes: Change[]): void {
    if (changes.length === 0) return
    if (!this.#initialized) return changes.forEach((change) => void this.#missed.set(change.path, change))
    const { app } = this.#program.layout
    const params = { changes: changes.map(({ path, type }) => ({ uri: pathToFileURL(join(app, path)).href, type })) }
    this.#send({ jsonrpc: '2.0', method: 'workspace/didChangeWatchedFiles', params })
  }

  depends(dependencies: readonly string[]): void {
    this.#tell({ method: 'm3o/dependencies', params: { dependencies } })
  }

  installs(state: InstallState): void {
    if (state.state === this.#installing) return
    this.#installing = state.state
    this.#tell({ method: 'm3o/install', params: state })
  }

  /** Its folders are others now: the editor opens another one at once. */
  restart(): void {
    this.#tell({ method: 'm3o/restart' })
    this.end()
  }

  async #fromServer(): Promise<void> {
    const reader = new MessageReader()
    const { stdout } = this.#program.child
    for await (const chunk of stdout ?? []) {
      for (const message of reader.push(chunk as Buffer)) {
        // A slow editor stops the server by not reading, not our memory.
        await this.#say(message)
      }
    }
  }

  async #fromEditor(): Promise<void> {
    const reader = new LineReader(editorBounds)
    for await (const chunk of this.#socket) {
      this.usedAt = performance.now()
      for (const message of reader.push(chunk as Buffer) as Message[]) {
        if (message.method === 'm3o/read') await this.#askRead(message)
        else if (!this.#send(message)) await drained(this.#program.child.stdin ?? this.#socket)
        if (message.method === 'initialized') {
          this.#initialized = true
          this.changed([...this.#missed.values()])
          this.#missed.clear()
        }
      }
    }
  }

  #send(message: unknown): boolean {
    const { stdin } = this.#program.child
    if (stdin === null || !stdin.writable) return true
    if (stdin.writableLength > mostUnsent) this.end()
    return stdin.write(encodeMessage(message))
  }

  #tell(message: Message): void {
    if (this.#socket.writableLength > mostUnsent) return this.end()
    if (this.#socket.writable) this.#socket.write(encodeLine({ jsonrpc: '2.0', ...message }))
  }

  /** Resolves when there is room for more; an editor that takes nothing is ended. */
  async #say(message: unknown): Promise<void> {
    if (!this.#socket.writable || this.#socket.write(encodeLine(message))) return
    if (!(await drained(this.#socket, this.#patienceMs))) this.end()
  }

  async #askRead({ id, params }: Message): Promise<void> {
    const { uri } = (params ?? {}) as { uri?: unknown }
    const known = typeof id === 'number' || (typeof id === 'string' && id.length <= 100) ? id : undefined
    if (this.#reads.length >= mostReads)
      return this.#say({
        jsonrpc: '2.0',
        id: known,
        error: { code: -32_000, message: 'too many declarations are read at once' },
      })
    this.#reads.push({ id: known, uri: typeof uri === 'string' && uri.length <= 4_096 ? uri : '' })
    if (!this.#reading) void this.#readAll()
  }

  /** One at a time, each when the one before was taken. */
  async #readAll(): Promise<void> {
    this.#reading = true
    for (let next = this.#reads.shift(); next !== undefined && this.#socket.writable; next = this.#reads.shift())
      await this.#read(next)
    this.#reading = false
  }

  /** Declarations only: below the three folders of them, links resolved. */
  async #read({ id, uri }: Read): Promise<void> {
    const text = await this.#declaration(uri).catch(() => null)
    await this.#say({ jsonrpc: '2.0', id, result: { text } })
  }

  async #declaration(uri: string): Promise<string | null> {
    const path = uri.startsWith('bundled:///libs/')
      ? `${this.#program.layout.lib}/${uri.slice(16)}`
      : fileURLToPath(uri)
    const place = this.#program.hosts.find(({ inside }) => path.startsWith(`${inside}/`))
    if (place === undefined || !/\.(d\.[cm]?ts|[cm]?[jt]sx?|json)$/.test(path)) return null
    const root = await realpath(place.host)
    const real = await realpath(join(root, path.slice(place.inside.length)))
    if (!real.startsWith(`${root}/`)) return null
    const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      return stat.isFile() && stat.size <= maxRead ? await file.readFile('utf8') : null
    } finally {
      await file.close()
    }
  }
}
