import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import type { Bind, Engine, Exit } from '../engines/engine.ts'
import type { OperatorRegistry } from '../engines/operator-registry.ts'
import { FairTurns } from './fair-turns.ts'

export interface Job {
  teamId: string
  /** What is done, for people: "installing dependencies". */
  what: string
  command: string[]
  env: Record<string, string>
  sourceDir: string
  modulesDir?: string
  platformDir: string
  binds: Bind[]
  onLine: (line: string) => void
  signal: AbortSignal
}

export interface Finished {
  exit: Exit
  /** The last ones, of both streams. */
  lines: string[]
}

const readEveryMs = 100
const keptLines = 200
/** Of output, after which the rest is counted and not shown. */
const outputLimit = 20 * 2 ** 20

export interface JobLimits {
  memoryMiB: number
  cpu: number
  pids: number
  deadlineMs: number
}

/** A build may take half of the machine's memory, up to 2 GiB, and two of its processors, for ten minutes. */
const usualLimits: JobLimits = {
  deadlineMs: 10 * 60_000,
  memoryMiB: Math.max(512, Math.min(2048, Math.floor(totalmem() / 2 ** 21))),
  cpu: Math.min(2, cpus().length),
  pids: 512,
}

/** Runs tools in the sandbox, as many at once as the machine has processors; the others wait their turn, which is fair among teams. */
export class Jobs {
  readonly #engine: Engine
  readonly #folder: string
  readonly #registry: Pick<OperatorRegistry, 'env' | 'binds'>
  readonly #limits: JobLimits
  readonly #exits = new Map<string, (exit: Exit) => void>()
  readonly #turns = new FairTurns(Math.max(1, cpus().length))

  constructor(
    engine: Engine,
    folder: string,
    registry: Pick<OperatorRegistry, 'env' | 'binds'>,
    limits: Partial<JobLimits> = {},
  ) {
    this.#limits = { ...usualLimits, ...limits }
    this.#engine = engine
    this.#registry = registry
    this.#folder = folder
    engine.watch((exit) => this.#exits.get(exit.id)?.(exit))
  }

  /** Throws the signal's reason, or `build_failed` at the deadline. A job that fails is not an error here: see `exit`. */
  async run(job: Job): Promise<Finished> {
    job.signal.throwIfAborted()
    if (!this.#turns.isFree(job.teamId)) job.onLine('waiting for other builds')
    await this.#turns.take(job.teamId, job.signal)
    try {
      return await this.#run(job)
    } finally {
      this.#turns.give(job.teamId)
    }
  }

  async #run(job: Job): Promise<Finished> {
    const { deadlineMs, ...limits } = this.#limits
    const id = newId('build').replace(/^b_/, 'job_')
    const logDir = join(this.#folder, id)
    await mkdir(logDir, { recursive: true, mode: 0o700 })
    const ended = new Promise<Exit>((resolve) => this.#exits.set(id, resolve))
    const stop = () => void this.#engine.stop(id, { graceMs: 0 })
    const lines: string[] = []
    const keep = (line: string) => {
      lines.push(line)
      if (lines.length > keptLines) lines.shift()
      job.onLine(line)
    }
    let late: NodeJS.Timeout | undefined
    let tooLate = false
    try {
      await this.#engine.start({
        id,
        teamId: job.teamId,
        serviceId: 'build',
        environmentId: 'build',
        name: 'build',
        sourceDir: job.sourceDir,
        command: job.command,
        env: { ...this.#registry.env, ...job.env },
        port: 0,
        limits,
        logDir,
        job: true,
        binds: [...this.#registry.binds, ...job.binds],
        platformDir: job.platformDir,
        ...(job.modulesDir !== undefined && { modulesDir: job.modulesDir }),
      })
      late = setTimeout(() => ((tooLate = true), stop()), deadlineMs)
      job.signal.addEventListener('abort', stop, { once: true })
      if (job.signal.aborted) stop()
      await follow(logDir, ended, keep)
      const exit = await ended
      job.signal.throwIfAborted()
      if (tooLate)
        throw new PlatformError(
          'build_failed',
          `${job.what} timed out after ${deadlineMs < 60_000 ? `${deadlineMs / 1000} seconds` : `${deadlineMs / 60_000} minutes`}`,
          { data: { lines: lines.slice(-50) } },
        )
      if (exit.oom) {
        throw new PlatformError(
          'build_failed',
          `${job.what} used more than the build limit of ${limits.memoryMiB} MiB of memory`,
          { data: { exitCode: exit.exitCode, lines: lines.slice(-50) } },
        )
      }
      return { exit, lines }
    } finally {
      clearTimeout(late)
      job.signal.removeEventListener('abort', stop)
      this.#exits.delete(id)
      await this.#engine.remove(id).catch(() => {})
      await rm(logDir, { recursive: true, force: true })
    }
  }
}

/**
 * Reads both streams as they grow, line by line, until what writes them has ended. What was printed before an error comes
 * before it: of stderr no more is read than was there when stdout was.
 */
async function follow(logDir: string, ended: Promise<unknown>, onLine: (text: string) => void): Promise<void> {
  await using stdout = await Stream.open(join(logDir, 'stdout.log'), onLine)
  await using stderr = await Stream.open(join(logDir, 'stderr.log'), onLine)
  let over = false
  void ended.then(() => (over = true))
  for (;;) {
    const last = over
    const size = await stderr.size()
    await stdout.readTo(Infinity)
    await stderr.readTo(size)
    if (last) break
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, readEveryMs))])
  }
  stdout.end()
  stderr.end()
}

class Stream {
  readonly #handle: FileHandle
  readonly #onLine: (text: string) => void
  readonly #decoder = new TextDecoder()
  readonly #buffer = Buffer.alloc(64 * 1024)
  #rest = ''
  #position = 0

  private constructor(handle: FileHandle, onLine: (text: string) => void) {
    this.#handle = handle
    this.#onLine = onLine
  }

  static async open(file: string, onLine: (text: string) => void): Promise<Stream> {
    return new Stream(await open(file, 'r'), onLine)
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async readTo(size: number): Promise<void> {
    for (const end = Math.min(size, outputLimit); this.#position < end;) {
      const { bytesRead } = await this.#handle.read(
        this.#buffer,
        0,
        Math.min(this.#buffer.length, end - this.#position),
        this.#position,
      )
      if (bytesRead === 0) return
      this.#position += bytesRead
      const lines = (this.#rest + this.#decoder.decode(this.#buffer.subarray(0, bytesRead), { stream: true })).split(
        '\n',
      )
      this.#rest = (lines.pop() ?? '').slice(0, 10_000)
      for (const line of lines) this.#onLine(clean(line))
    }
  }

  /** What was printed without an end of line is a line too. */
  end(): void {
    if (this.#rest) this.#onLine(clean(this.#rest))
    if (this.#position >= outputLimit) this.#onLine('… the rest of the output is not shown')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#handle.close()
  }
}

/** Without carriage returns (progress bars), colours and other control characters. */
const clean = (line: string) =>
  line
    .replace(/^[^]*\r(?!$)/, '')
    .replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
    .slice(0, 10_000)
