import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { restWhenQuiet } from '#contract/rest.ts'
import { checkout } from './checkout.ts'
import { becomeParent } from './lock.ts'
import { type Home, prepareHome } from './home.ts'
import { HangWatch } from './hang-watch.ts'
import { answersHealth, askWeaknesses, becomesHealthy, type Door } from './health.ts'
import { lastReason, rotateLog } from './log-file.ts'
import { removeOutcome, writeOutcome } from './outcome-file.ts'
import { choosePorts } from './ports.ts'
import { prepareDatabase } from './database/run-prepare.ts'
import {
  consoleUrl,
  type DatabaseEnvironment,
  type Entries,
  platformEnvironment,
  type PlatformName,
  platformNames,
  platformProgram,
  productEntries,
} from './platform-programs.ts'
import { oneLine, Problem } from './problem.ts'
import { readPidFile } from './pid-file.ts'
import { postgresProgram } from './postgres/program.ts'
import type { Settings } from './settings.ts'
import { removeSetupCode, setupCode } from './setup-code.ts'
import { type Platform, stopPlatform } from './stop.ts'
import { adoptOrEnd, type Program, Supervised } from './supervised.ts'

export interface ParentOptions {
  say: (line: string) => void
  entries?: Entries
  /** Makes what the code that is there by now needs to be started. @throws Problem when it cannot be made: then nothing is restarted */
  prepare?: (signal: AbortSignal) => Promise<void>
  /** How long a process may answer nothing while it is busy: half of the time after which it is killed. */
  hangWindowMs?: number
}

/** From nothing until it is ready; a second start after the parent died takes over what still runs. */
const readyWithinMs = 150_000
const rotateEveryMs = 30_000
/** How long a process that is replaced may take to end. */
const replaceGraceMs = 3_000
/** The same of the gateway, whose calls under way may end. */
const drainGraceMs = 33_000
/** What a stop waits for a start to come to the runtime. */
const startsWithinMs = 4_000
/** How long its successor may take to take over. */
const replacedWithinMs = 15_000

export class Parent {
  readonly #options: ParentOptions
  readonly #asked: Settings
  #platform: Platform | undefined
  #ready = false
  /** A gateway was there before this parent. */
  #servedBefore = false
  #programOf: ((name: PlatformName) => Program) | undefined
  #release: (() => void) | undefined
  #rotation: NodeJS.Timeout | undefined
  #watches: HangWatch[] = []
  #stopping: Promise<void> | undefined
  #starting: Promise<void> | undefined
  #restarting: Promise<void> | undefined
  readonly #preparing = new AbortController()

  constructor(settings: Settings, options: ParentOptions) {
    this.#asked = settings
    this.#options = options
  }

  /** @throws Problem when the platform cannot be started; what was started is then stopped again. */
  start(): Promise<void> {
    this.#starting = this.#start()
    return this.#starting
  }

  async #start(): Promise<void> {
    const { say, entries = productEntries } = this.#options
    const home = prepareHome(this.#asked.home)
    this.#release = (await becomeParent(home, checkout)).release
    const settings = await choosePorts(this.#asked, home)

    const postgres = settings.databaseUrl === undefined ? new Supervised(postgresProgram(home, say), say) : undefined
    const database: DatabaseEnvironment =
      settings.databaseUrl === undefined
        ? { M3O_DATABASE_SOCKET: join(home.path, 'pg') }
        : { DATABASE_URL: settings.databaseUrl }
    const programOf = (name: PlatformName) =>
      platformProgram(name, home, platformEnvironment(name, home, settings, database), entries)
    this.#programOf = programOf
    const supervise = (name: PlatformName) => new Supervised(programOf(name), say)
    const platform = {
      home,
      settings,
      postgres,
      processes: { runtime: supervise('runtime'), gateway: supervise('gateway'), web: supervise('web') },
    }
    this.#platform = platform
    // It also keeps the parent alive: nothing else that it waits for does, so that it can end at once when told to.
    this.#rotation = setInterval(() => rotateLogs(platform), rotateEveryMs)
    rotateLogs(platform)

    // What runs other code than this goes before the database is changed under it. The gateway, which does not ask it, carries calls all the while.
    const { runtime, gateway, web } = platform.processes
    for (const each of [runtime, web]) await adoptOrEnd(each, replaceGraceMs)
    const serving = readPidFile(gateway.program.pidFile)
    if (serving !== undefined) gateway.adopt(serving)
    this.#servedBefore = serving !== undefined
    await postgres?.start()
    this.#continueUnlessStopping()
    const { hasPeople } = await prepareDatabase(database, home.path)
    this.#continueUnlessStopping()
    this.#watchForHangs(platform)
    const isOutdated = serving !== undefined && serving.stamp !== gateway.program.stamp
    await Promise.all([runtime.start(), isOutdated ? this.#replaceGateway(platform) : gateway.start(), web.start()])
    await this.#waitUntilReady(platform)
    this.#ready = true
    for (const weaker of await askWeaknesses(join(home.run, 'runtime.sock'), 1_000)) say(`Note: ${weaker}`)
    this.#announce(platform, hasPeople)
    restWhenQuiet()
  }

  /** Starts the platform's own processes anew, of the code that is there by now; services, Postgres and calls go on. */
  restart(): Promise<void> {
    const platform = this.#platform
    if (platform === undefined || !this.#ready || this.#stopping !== undefined) return Promise.resolve()
    this.#restarting ??= this.#restart(platform).finally(() => (this.#restarting = undefined))
    return this.#restarting
  }

  /** Stops everything in order. Asking again waits for the same end. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** After a start that failed: what it started ends. A gateway that served before goes on, and so do the services. */
  async abandon(why: unknown): Promise<void> {
    if (this.#servedBefore && !this.#ready) this.#platform?.processes.gateway.retire()
    await this.stop()
    if (this.#platform !== undefined) writeOutcome(this.#platform.home.path, { failure: oneLine(why) })
  }

  /**
   * The gateway's successor takes over; web and the runtime end; and this process becomes the parent of the code that is there, which takes
   * over what it finds, migrates the database and starts the rest, as after a kill. So whoever started it has the same process as before.
   */
  async #restart(platform: Platform): Promise<void> {
    const {
      home,
      settings,
      processes: { runtime, gateway, web },
    } = platform
    await this.#options.prepare?.(this.#preparing.signal).catch((error: unknown) => {
      if (this.#stopping === undefined)
        throw new Problem(`the restart failed, and the platform keeps running as before: ${oneLine(error)}`, {
          cause: error,
        })
    })
    if (this.#stopping !== undefined) return
    removeOutcome(home.path)
    gateway.program = this.#programOf?.('gateway') ?? gateway.program
    await this.#replaceGateway(platform)
    await Promise.all([web.stop(replaceGraceMs), runtime.stop(replaceGraceMs)])
    // Who stops the platform needs it for the services.
    if (this.#stopping !== undefined) return runtime.start()
    process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
      ...process.env,
      M3O_PORT: String(settings.port),
      M3O_GATEWAY_PORT: String(settings.gatewayPort),
    })
    // Where a process cannot become another, this one goes on: that suits all code but what migrates.
    await Promise.all([runtime.start(), web.start()])
    await this.#waitUntilReady(platform)
    this.#sayReady(home, consoleUrl(settings))
  }

  #watchForHangs(platform: Platform): void {
    const { say, hangWindowMs } = this.#options
    this.#watches = platformNames.map(
      (name) =>
        new HangWatch(
          {
            name,
            identity: () => platform.processes[name].identity,
            answers: (withinMs) => answersHealth(doorOf(name, platform), withinMs),
          },
          { say, ...(hangWindowMs !== undefined && { windowMs: hangWindowMs }) },
        ),
    )
    for (const watch of this.#watches) watch.start()
  }

  /** Calls go on: two share the port until the new one has put its socket in the place of the old one's. */
  async #replaceGateway(platform: Platform): Promise<void> {
    const socket = join(platform.home.run, 'gateway.sock')
    const inode = () => statSync(socket, { throwIfNoEntry: false })?.ino
    const before = inode()
    const { gateway } = platform.processes
    const deadline = performance.now() + replacedWithinMs
    await gateway.replace(drainGraceMs, async () => {
      while (inode() === before && !gateway.hopeless && this.#stopping === undefined && performance.now() < deadline)
        await pause(20)
      return inode() !== before
    })
  }

  async #stop(): Promise<void> {
    clearInterval(this.#rotation)
    for (const watch of this.#watches) watch.stop()
    // What it makes is not needed any more.
    this.#preparing.abort()
    this.#platform?.processes.gateway.hasten()
    await this.#restarting?.catch(() => {})
    // Services of before end by the runtime alone, which has to be started first.
    if (this.#servedBefore && !this.#ready) await Promise.race([this.#starting?.catch(() => {}), pause(startsWithinMs)])
    if (this.#platform !== undefined) removeOutcome(this.#platform.home.path)
    if (this.#platform !== undefined) await stopPlatform(this.#platform)
    this.#release?.()
  }

  async #waitUntilReady(platform: Platform, names: readonly PlatformName[] = platformNames): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        const process = platform.processes[name]
        const giveUp = () => process.hopeless || this.#stopping !== undefined
        if (await becomesHealthy(doorOf(name, platform), { withinMs: readyWithinMs, giveUp })) {
          this.#watches.find((watch) => watch.name === name)?.noteAnswer()
          return
        }
        if (this.#stopping !== undefined) throw new Stopped()
        throw new Problem(`${name} does not start: ${lastReason(process.program.log)} (see ${process.program.log})`)
      }),
    )
  }

  #announce({ home, settings }: Platform, hasPeople: boolean): void {
    const url = consoleUrl(settings)
    if (hasPeople || settings.admin !== undefined) removeSetupCode(home)
    else
      this.#options.say(`Create the first owner account (this link works once): ${url}/setup?code=${setupCode(home)}`)
    this.#sayReady(home, url)
  }

  #sayReady(home: Home, url: string): void {
    writeOutcome(home.path, { url })
    this.#options.say(`M3O is ready: ${url}`)
  }

  #continueUnlessStopping(): void {
    if (this.#stopping !== undefined && !this.#servedBefore) throw new Stopped()
  }
}

/** Start was overtaken by stop: nothing went wrong. */
export class Stopped extends Error {}

function doorOf(name: PlatformName, { home, settings }: Platform): Door {
  if (name !== 'web') return { socketPath: join(home.run, `${name}.sock`) }
  const host = settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host === '::' ? '::1' : settings.host
  return { host, port: settings.port }
}

function rotateLogs({ postgres, processes }: Platform): void {
  for (const { program } of [...(postgres === undefined ? [] : [postgres]), ...Object.values(processes)])
    rotateLog(program.log)
}
