import type { ChildProcess } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { type Identity, isGone, isRunning, signalTo } from './identity.ts'
import { lastLines } from './log-file.ts'
import { type PidRecord, readPidFile, removePidFile, writePidFile } from './pid-file.ts'
import { oneLine, Problem } from './problem.ts'

export interface Launched {
  identity: Identity
  /** Its exit is noticed at once; without one (adopted) the process table is looked at four times a second. */
  child: ChildProcess | undefined
}

export interface Program {
  name: string
  pidFile: string
  log: string
  /** Hash of what it is started with; an adopted one with another stamp is replaced. */
  stamp: string
  stopSignal: 'SIGTERM' | 'SIGINT'
  /** Resolves once it runs, which is before it is ready. */
  launch: () => Promise<Launched>
}

/** A life shorter than this was quick, and after five of them in a row somebody has to be told. */
const quickMs = 5_000
const quickDeathsTold = 5
const pollMs = 250

/** Keeps one program running until it is told to stop. Restarts what had lived for a while at once, anything else within 2 s, at first after 100 ms. */
export class Supervised {
  /** What is launched next. */
  program: Program
  readonly #say: (line: string) => void
  #wanted = false
  #current: Launched | undefined
  /** Still there beside its successor. */
  #replaced: Launched | undefined
  #startedAt = 0
  #quickDeaths = 0
  #timer: NodeJS.Timeout | undefined
  #launching: Promise<void> | undefined

  constructor(program: Program, say: (line: string) => void) {
    this.program = program
    this.#say = say
  }

  /** It is meant to run, though it may be dead at this moment. */
  get wanted(): boolean {
    return this.#wanted
  }

  get running(): boolean {
    return this.#current !== undefined && isRunning(this.#current.identity)
  }

  /** Of what is launched, or adopted, at this moment. */
  get identity(): Identity | undefined {
    return this.#current?.identity
  }

  /** Set when it died so often since the last success that waiting for it makes no sense. */
  get hopeless(): boolean {
    return this.#quickDeaths >= quickDeathsTold
  }

  /** Takes over a process that outlived its parent, of whatever stamp. */
  adopt({ stamp, ...identity }: PidRecord): void {
    this.#wanted = true
    this.#watch({ identity, child: undefined }, stamp)
  }

  /** @throws what launching throws, the first time; later failures are retried. */
  async start(): Promise<void> {
    this.#wanted = true
    clearTimeout(this.#timer)
    this.#launching ??= this.#launch().finally(() => (this.#launching = undefined))
    await this.#launching
  }

  /** From now on its end is its own affair; {@link stop} still waits for it. */
  retire(): void {
    this.#wanted = false
    clearTimeout(this.#timer)
  }

  /** Resolves when it is gone; killed when it is still there after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.retire()
    await this.#launching?.catch(() => {})
    const running = [this.#current, this.#replaced].filter((one) => one !== undefined)
    await Promise.all(running.map((one) => end(one, this.program.stopSignal, graceMs)))
    this.#current = undefined
    removePidFile(this.program.pidFile)
  }

  async restart(graceMs: number): Promise<void> {
    await this.stop(graceMs)
    this.#quickDeaths = 0
    await this.start()
  }

  /** Starts its successor beside it and ends it when that one is ready, so that nobody is refused meanwhile. */
  async replace(graceMs: number, isReady: () => Promise<boolean>): Promise<void> {
    const old = this.#current
    if (old === undefined || !isRunning(old.identity)) return this.restart(graceMs)
    clearTimeout(this.#timer)
    this.#quickDeaths = 0
    this.#replaced = old
    // From here on the old one's end is nobody's death.
    this.#watch(await this.program.launch())
    await isReady()
    await end(old, this.program.stopSignal, graceMs)
    this.#replaced = undefined
  }

  /** Whom a successor has replaced ends now, whatever it is still at. */
  hasten(): void {
    if (this.#replaced !== undefined) signalTo(this.#replaced.identity, 'SIGKILL')
  }

  async #launch(): Promise<void> {
    if (this.running) return
    this.#startedAt = performance.now()
    this.#watch(await this.program.launch())
  }

  #watch(launched: Launched, stamp = this.program.stamp): void {
    const { identity, child } = launched
    this.#current = launched
    this.#startedAt = performance.now()
    writePidFile(this.program.pidFile, { ...identity, stamp })
    const poll = () => {
      if (this.#current !== launched) return
      if (isRunning(identity)) setTimeout(poll, pollMs).unref()
      else this.#died(launched)
    }
    if (child === undefined) return poll()
    // What we started may be a wrapper whose end is not the program's.
    child.once('exit', poll)
    if (child.exitCode !== null || child.signalCode !== null) poll()
  }

  #died(launched: Launched): void {
    if (this.#current !== launched) return
    this.#current = undefined
    if (this.#wanted) this.#again()
  }

  #again(why?: string): void {
    const quick = performance.now() - this.#startedAt < quickMs
    this.#quickDeaths = quick ? this.#quickDeaths + 1 : 0
    if (this.#quickDeaths === quickDeathsTold) this.#tell(why)
    this.#timer = setTimeout(
      () => {
        this.start().catch((error: unknown) => {
          if (this.#wanted) this.#again(oneLine(error))
        })
      },
      this.#quickDeaths === 0 ? 0 : Math.min(1_800, 100 * 2 ** (this.#quickDeaths - 1)),
    )
  }

  #tell(why: string | undefined): void {
    this.#say(
      `${this.program.name} keeps exiting${why === undefined ? '' : `: ${why}`}; retrying every 2 s. Last lines of ${this.program.log}:`,
    )
    for (const line of lastLines(this.program.log, 10)) this.#say(`  ${line}`)
  }
}

/** Adopts what a former parent left running with the same stamp; ends what it left with another one. */
export async function adoptOrEnd(supervised: Supervised, graceMs: number): Promise<boolean> {
  const { pidFile, stamp, stopSignal } = supervised.program
  const left = readPidFile(pidFile)
  if (left === undefined) return false
  if (left.stamp === stamp) {
    supervised.adopt(left)
    return true
  }
  await end({ identity: left, child: undefined }, stopSignal, graceMs)
  return false
}

async function end({ identity, child }: Launched, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (signalTo(identity, signal) && !(await isGone(identity, graceMs))) {
    signalTo(identity, 'SIGKILL')
    if (!(await isGone(identity, 2_000))) throw new Problem(`process ${identity.pid} does not exit, even when killed`)
  }
  // Nothing of it stays in the process table. Its exit alone would keep nobody waiting: it is not what the parent lives for.
  while (child !== undefined && child.pid === identity.pid && child.exitCode === null && child.signalCode === null)
    await pause(5)
}
