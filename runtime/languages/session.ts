import type { Duplex } from 'node:stream'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { encodeMessage, MessageReader } from './framing.ts'
import { encodeLine, LineReader } from './lines.ts'
import type { InstallState } from './install-ahead.ts'
import type { Program } from './program.ts'
import type { Change } from './project.ts'

interface Message { jsonrpc?: string; id?: number | string; method?: string; params?: unknown }

const maxRead = 4 << 20

/**
 * One editor and its language server. The editor speaks to the server as it likes; what the platform adds begins with
 * `m3o/`: `m3o/ready` comes first, `m3o/dependencies` when they changed, `m3o/install` when they are being installed,
 * `m3o/restart` before the end when another is to be opened, `m3o/read` answers with the text of a declaration.
 */
export class Session {
  readonly #program: Program
  readonly #socket: Duplex
  #initialized = false
  #missed: Change[] = []
  #installing: InstallState['state'] = 'installed'
  /** Milliseconds since 1970, of the editor's last message. */
  usedAt = performance.now()

  constructor(program: Program, socket: Duplex) {
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
    if (!this.#initialized) return void this.#missed.push(...changes)
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
        if (!this.#socket.write(encodeLine(message))) await Promise.race([once(this.#socket, 'drain'), once(this.#socket, 'close')])
      }
    }
  }

  async #fromEditor(): Promise<void> {
    const reader = new LineReader()
    for await (const chunk of this.#socket) {
      this.usedAt = performance.now()
      for (const message of reader.push(chunk as Buffer) as Message[]) {
        if (message.method === 'm3o/read') void this.#read(message)
        else if (!this.#send(message)) await Promise.race([once(this.#program.child.stdin ?? this.#socket, 'drain'), once(this.#program.child, 'close')])
        if (message.method === 'initialized') {
          this.#initialized = true
          this.changed(this.#missed.splice(0))
        }
      }
    }
  }

  #send(message: unknown): boolean {
    const { stdin } = this.#program.child
    return stdin === null || !stdin.writable || stdin.write(encodeMessage(message))
  }

  #tell(message: Message): void {
    if (this.#socket.writable) this.#socket.write(encodeLine({ jsonrpc: '2.0', ...message }))
  }

  /** Declarations only: below the three folders of them, links resolved. */
  async #read({ id, params }: Message): Promise<void> {
    const { uri } = (params ?? {}) as { uri?: unknown }
    const text = typeof uri === 'string' ? await this.#declaration(uri).catch(() => null) : null
    if (this.#socket.writable) this.#socket.write(encodeLine({ jsonrpc: '2.0', id, result: { text } }))
  }

  async #declaration(uri: string): Promise<string | null> {
    const path = uri.startsWith('bundled:///libs/') ? `${this.#program.layout.lib}/${uri.slice(16)}` : fileURLToPath(uri)
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
