import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import type { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Endpoint } from '#contract/endpoints.ts'
import { PlatformError } from '#contract/errors.ts'
import { askHealth } from '#contract/health.ts'
import { readEndpoints } from '#sdk/compile/read-endpoints.ts'
import type { Prepared } from './prepare.ts'

const readyMs = 30_000
const stopMs = 3_000
const keptLines = 50
const maxDescription = 700_000

export interface Exit {
  exitCode: number | null
  signal: NodeJS.Signals | null
}

export interface LocalOptions {
  prepared: Prepared
  env: NodeJS.ProcessEnv
  onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void
}

/** One process of the service on this machine. */
export class LocalProcess {
  readonly port: number
  readonly prepared: Prepared
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<Exit>
  /** Of what it printed. */
  readonly lastLines: string[] = []
  readonly startedAt = Date.now()
  readonly #child: ChildProcess
  #isOver = false

  private constructor(child: ChildProcess, port: number, { prepared, onOutput }: LocalOptions) {
    this.#child = child
    this.port = port
    this.prepared = prepared
    for (const stream of ['stdout', 'stderr'] as const) {
      let rest = ''
      child[stream]?.on('data', (chunk: Buffer) => {
        onOutput(stream, chunk)
        const lines = (rest + chunk.toString()).split('\n')
        rest = (lines.pop() ?? '').slice(-2_000)
        this.lastLines.push(...lines)
        this.lastLines.splice(0, this.lastLines.length - keptLines)
      })
    }
    const { promise, resolve } = Promise.withResolvers<Exit>()
    const end = (exit: Exit) => {
      this.#isOver = true
      resolve(exit)
    }
    this.ended = promise
    child.once('close', (exitCode, signal) => end({ exitCode, signal }))
    // Not even the shell: the folder has gone.
    child.once('error', () => end({ exitCode: 127, signal: null }))
  }

  static async start(options: LocalOptions): Promise<LocalProcess> {
    const { prepared, env } = options
    const port = await freePort()
    // In a session of its own: Ctrl-C is for this command, which lets calls finish first.
    const child = spawn('/bin/sh', ['-c', guarded, 'm3o-dev', ...prepared.command], {
      cwd: prepared.folder,
      env: { ...env, PORT: String(port), HOST: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    })
    const life = child.stdio[3] as Writable
    life.on('error', () => {})
    // What it started, and has left behind, ends as well.
    child.once('exit', () => life.destroy())
    return new LocalProcess(child, port, options)
  }

  /** Resolves when it answers its health path below 500. @throws PlatformError `start_failed`, `check_failed` */
  async ready(signal: AbortSignal): Promise<void> {
    const { health } = this.prepared
    const exit = this.ended.then((how) => {
      throw this.failure(how)
    })
    exit.catch(() => {})
    const deadline = Date.now() + readyMs
    let seen: number | string = 'it is not listening'
    for (let tries = 0; Date.now() < deadline; tries++) {
      signal.throwIfAborted()
      seen = await Promise.race([askHealth('127.0.0.1', this.port, health), exit])
      if (typeof seen === 'number' && seen < 500) return
      await Promise.race([delay(tries < 200 ? 5 : 50, undefined, { signal }).catch(() => {}), exit])
    }
    signal.throwIfAborted()
    throw new PlatformError(
      'check_failed',
      `it was not ready within ${readyMs / 1000} s: ${typeof seen === 'number' ? `${health} responds with ${seen}` : seen}`,
      {
        fix: 'Make the service listen on $PORT at $HOST, for example server.listen(process.env.PORT, process.env.HOST).',
        data: { lines: [...this.lastLines] },
      },
    )
  }

  /** What it says that it answers; undefined when that is too much to pass on. */
  async endpoints(): Promise<Endpoint[] | undefined> {
    const found = await readEndpoints('127.0.0.1', this.port)
    return JSON.stringify(found).length > maxDescription ? undefined : found
  }

  failure({ exitCode, signal }: Exit): PlatformError {
    return new PlatformError(
      'start_failed',
      signal === null ? `it exited with code ${exitCode}` : `it was ended by ${signal}`,
      { data: { exitCode, signal, lines: [...this.lastLines] } },
    )
  }

  /** Asks it to end, then ends it, and all that it started. */
  async stop(): Promise<void> {
    if (!this.#isOver) this.#signal('SIGTERM')
    await Promise.race([this.ended, delay(stopMs, undefined, { ref: false })])
    if (!this.#isOver) this.#signal('SIGKILL')
    await this.ended
  }

  #signal(name: NodeJS.Signals): void {
    try {
      process.kill(-(this.#child.pid ?? 0), name)
    } catch {
      // It has just ended.
    }
  }
}

/**
 * Runs a command whose processes end with this one, however it ends: what waits beside it hears its input end, which is
 * held open here, and ends the whole group. It is there before the command is.
 */
const guarded =
  '( trap "" TERM; read _ <&3; kill -TERM 0; sleep 2; kill -KILL 0 ) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$@"'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
