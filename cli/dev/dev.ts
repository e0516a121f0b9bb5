import { mkdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type ErrorCode, PlatformError } from '#contract/errors.ts'
import type { ToLaptop } from '#contract/laptops.ts'
import { splice } from '#contract/splice.ts'
import type { TunnelStream } from '#contract/tunnel-stream.ts'
import { platformError, type Session } from '../session.ts'
import { environmentOf } from './environment.ts'
import { devFolders, sweepBuilds } from './folders.ts'
import { type Link, openLink } from './link.ts'
import { openLocalGateway } from './local-gateway.ts'
import { LocalProcess } from './local-process.ts'
import { Outlet } from './outlet.ts'
import { prepare } from './prepare.ts'
import type { Report } from './report.ts'
import { FolderWatch } from './watch.ts'

type Held = Extract<ToLaptop, { type: 'held' }>

/** Before a process that crashed is started again, by how often it did lately; then it waits for a change. */
const pausesMs = [250, 1_000, 3_000, 5_000]
const crashesWithinMs = 60_000
/** For a platform that is just restarting, at first; later as long as it takes. */
const patienceMs = 20_000
/** Between attempts to connect anew. */
const againMs = [50, 100, 200, 400, 800, 1_500]
/** For calls under way, when it is stopped. */
const lastCallsMs = 3_000
/** A process that was replaced, while the platform cannot say that nothing is under way to it. */
const oldMs = 5_000

export interface DevOptions {
  session: Session
  folder: string
  at: { team: string; environment: string; service: string }
  force: boolean
  report: Report
}

/**
 * Runs a folder here, in the place of its service on the platform. One process serves at a time; each change starts
 * another, which takes over once it answers. The connection may come and go meanwhile.
 */
export class Dev {
  readonly #options: DevOptions
  readonly #outlets = { stdout: new Outlet(), stderr: new Outlet() }
  readonly #over = Promise.withResolvers<void>()
  readonly #processes = new Map<number, LocalProcess>()
  #link: Link | undefined
  #held: Held | undefined
  /** Of the newest process that was ready; 0 while none is. */
  #serving = 0
  #runs = 0
  #starts = 0
  #starting = new AbortController()
  #crashes: number[] = []
  #stopping = false

  constructor(options: DevOptions) {
    this.#options = options
  }

  /** Until it is stopped. @throws PlatformError when the place cannot be had, or is lost for good */
  async run(): Promise<void> {
    const { folder, report } = this.#options
    const gateway = await openLocalGateway(() => this.#link)
    const watch = new FolderWatch(folder, () => {
      report.changed()
      this.#crashes = []
      void this.#start(watch, gateway.port)
    })
    try {
      await this.#connect(this.#options.force, Date.now() + patienceMs)
      void this.#start(watch, gateway.port)
      void sweepBuilds().catch(() => {})
      await this.#over.promise
    } finally {
      this.#stopping = true
      this.#starting.abort()
      watch.close()
      await this.#letGo()
      gateway.close()
      await rm(devFolders.builds(), { recursive: true, force: true })
    }
  }

  stop(): void {
    this.#stopping = true
    this.#over.resolve()
  }

  /** Compiles the folder and starts it; what is there already serves on until this one answers. */
  async #start(watch: FolderWatch, gatewayPort: number): Promise<void> {
    const { folder, report } = this.#options
    this.#starting.abort()
    const { signal } = (this.#starting = new AbortController())
    const into = join(devFolders.builds(), String(++this.#starts))
    let local: LocalProcess | undefined
    const begun = performance.now()
    try {
      await mkdir(into, { recursive: true, mode: 0o700 })
      const paths = await watch.begin()
      const prepared = await prepare({
        folder,
        paths,
        into,
        signal,
        onLine: (line) => report.line('stdout', Buffer.from(`${line}\n`)),
      })
      if (prepared.built) await watch.noteProducts()
      signal.throwIfAborted()
      const env = await environmentOf({
        prepared,
        held: this.#held as Held,
        url: this.#options.session.url,
        gatewayPort,
      })
      local = await LocalProcess.start({ prepared, env, onOutput: (stream, chunk) => this.#printed(stream, chunk) })
      await local.ready(signal)
      this.#takeOver(local, performance.now() - begun, () => void this.#start(watch, gatewayPort))
    } catch (error) {
      void local?.stop()
      if (signal.aborted) return
      report.failed(
        platformError(error) ?? new PlatformError('internal', error instanceof Error ? error.message : String(error)),
        this.#serving > 0,
      )
    }
  }

  /** From now on calls go to it. */
  #takeOver(local: LocalProcess, ms: number, startAgain: () => void): void {
    const run = ++this.#runs
    const before = this.#serving
    this.#processes.set(run, local)
    this.#serving = run
    this.#options.report.ready(ms, before > 0)
    if (this.#link !== undefined) this.#sayServing(this.#link, run, local)
    // When connected, the platform says when the one before has finished its calls.
    if (before > 0 && this.#link === undefined) this.#retire(before)
    void local.ended.then((how) => {
      const at = [...this.#processes].find(([, one]) => one === local)?.[0]
      if (at !== undefined) this.#processes.delete(at)
      if (at === undefined || at !== this.#serving || this.#stopping) return
      this.#serving = 0
      const why = local.failure(how)
      this.#link?.say({ type: 'stopped', why: `disconnected (${why.message})` })
      this.#crashed(why, startAgain)
    })
  }

  #crashed(why: PlatformError, startAgain: () => void): void {
    const now = Date.now()
    this.#crashes = [...this.#crashes.filter((at) => now - at < crashesWithinMs), now]
    const pause = pausesMs[this.#crashes.length - 1]
    this.#options.report.crashed(why, pause !== undefined)
    if (pause === undefined) return
    const { signal } = this.#starting
    delay(pause, undefined, { signal }).then(startAgain, () => {})
  }

  #retire(run: number): void {
    const old = this.#processes.get(run)
    if (old === undefined || run === this.#serving) return
    this.#processes.delete(run)
    void old.stop()
  }

  #printed(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this.#options.report.line(stream, chunk)
    this.#outlets[stream].write(chunk)
  }

  /** @throws PlatformError as the platform refuses; what is merely away is tried again until `giveUpAt` */
  async #connect(force: boolean, giveUpAt: number): Promise<void> {
    for (let tries = 0; !this.#stopping; tries++) {
      try {
        return await this.#attach(force)
      } catch (error) {
        const known = platformError(error)
        if (known === undefined || !isPassing(known.code) || Date.now() > giveUpAt) throw error
        await delay(againMs[Math.min(tries, againMs.length - 1)] ?? 0)
      }
    }
  }

  async #attach(force: boolean): Promise<void> {
    const { session, at } = this.#options
    const held = Promise.withResolvers<Held>()
    let lost: PlatformError | undefined
    const link = await openLink(session, {
      at,
      force,
      instance: this.#held?.instance,
      onCall: (stream, run) => this.#called(stream, run),
      onMessage: (message) => {
        if (message.type === 'held') held.resolve(message)
        else if (message.type === 'ended')
          lost = new PlatformError(message.error.code as ErrorCode, message.error.message, {
            ...(message.error.fix !== undefined && { fix: message.error.fix }),
          })
        else this.#told(message)
      },
    })
    // The place may be lost again before it was had.
    void link.closed.then(() =>
      held.reject(lost ?? new PlatformError('unavailable', 'the connection to the platform was lost')),
    )
    const first = this.#held === undefined
    this.#held = await held.promise
    this.#link = link
    for (const stream of ['stdout', 'stderr'] as const) this.#outlets[stream].attach(link.open(stream))
    this.#options.report.held(this.#held, first)
    if (this.#serving > 0) this.#renumber(link)
    void link.closed.then(() => this.#lost(link, lost))
  }

  /** Each connection calls a process by a number that none before it used. */
  #renumber(link: Link): void {
    const local = this.#processes.get(this.#serving)
    if (local === undefined) return
    this.#processes.delete(this.#serving)
    this.#serving = ++this.#runs
    this.#processes.set(this.#serving, local)
    this.#sayServing(link, this.#serving, local)
  }

  /** What it answers is asked for afterwards: some take their time over paths that they do not know. */
  #sayServing(link: Link, run: number, local: LocalProcess): void {
    link.say({ type: 'serving', run })
    local.endpoints().then(
      (endpoints) => {
        if (endpoints !== undefined && this.#link === link) link.say({ type: 'described', run, endpoints })
      },
      () => {},
    )
  }

  #lost(link: Link, why: PlatformError | undefined): void {
    if (this.#link !== link) return
    this.#link = undefined
    for (const outlet of Object.values(this.#outlets)) outlet.detach()
    for (const run of this.#processes.keys())
      if (run !== this.#serving) setTimeout(() => this.#retire(run), oldMs).unref()
    if (this.#stopping) return
    if (why !== undefined) return this.#over.reject(why)
    this.#options.report.lost(this.#held?.beneath ?? null)
    this.#connect(false, Infinity).catch((error: unknown) => this.#over.reject(error))
  }

  #told(message: Exclude<ToLaptop, { type: 'held' | 'ended' }>): void {
    if (message.type === 'note') return this.#options.report.note(message.text)
    if (message.type === 'idle') return this.#retire(message.run)
    if (message.run === this.#serving && this.#held !== undefined) this.#options.report.serving(this.#held)
  }

  #called(stream: TunnelStream, run: number): void {
    const local = this.#processes.get(run)
    if (local === undefined) return void stream.destroy()
    const socket = connect({ port: local.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const giveUp = () => void socket.destroy()
    socket.once('error', () => stream.destroy())
    stream.once('close', giveUp)
    socket.once('connect', () => {
      stream.off('close', giveUp)
      stream.accept()
      splice(stream, socket)
    })
  }

  /** The place first, then the calls under way, then the process. */
  async #letGo(): Promise<void> {
    const link = this.#link
    if (link !== undefined) {
      if (this.#serving > 0) link.say({ type: 'stopped', why: 'was stopped' })
      for (const deadline = Date.now() + lastCallsMs; link.calls > 0 && Date.now() < deadline;) await delay(20)
    }
    await Promise.all([...this.#processes.values()].map((local) => local.stop()))
    if (link === undefined) return
    await Promise.all(Object.values(this.#outlets).map((outlet) => outlet.end()))
    link.say({ type: 'bye' })
    await Promise.race([link.closed, delay(2_000, undefined, { ref: false })])
    link.close()
  }
}

/** The platform, or a part of it, is away for the moment. */
const isPassing = (code: ErrorCode): boolean =>
  code === 'unavailable' || code === 'timeout' || code === 'bad_gateway' || code === 'internal'
