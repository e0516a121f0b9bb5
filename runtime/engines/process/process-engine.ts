import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { totalmem } from 'node:os'
import { dirname } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import type {
  Engine,
  ExecOptions,
  ExecSession,
  Exit,
  Helper,
  InstanceSpec,
  Limits,
  Placement,
  PortOwner,
  Release,
  Site,
  Staged,
  TeamLimits,
  Usage,
  Way,
} from '../engine.ts'
import { adopt } from './adopt.ts'
import type { Capabilities, Without } from './capabilities.ts'
import { describe, findCapabilities } from './capabilities.ts'
import { checkEnvironment } from './environment.ts'
import { execIn } from './exec.ts'
import { Held, replaceSource, stageSource } from './held.ts'
import { identify, isAlive } from './identity.ts'
import type { LaunchOptions } from './launch.ts'
import { launchSandbox } from './launch.ts'
import { launchPlain } from './launch-plain.ts'
import { makeFolder } from './make-folder.ts'
import { Networks, removeNetworks } from './networks.ts'
import { Placed } from './placed.ts'
import type { InstanceRecord } from './record.ts'
import { InstanceFolders } from './record.ts'
import { releaseSlots } from './registry.ts'
import { portOwner, portsOf } from './port-owner.ts'
import { seccompProgram } from './seccomp.ts'
import type { Network } from './sites.ts'
import { Sites } from './sites.ts'
import { findProcesses, howItEnded } from './started.ts'
import type { Team } from './team.ts'
import { Teams } from './team.ts'
import { usageOf } from './usage.ts'

export interface ProcessEngineOptions {
  /** $M3O_HOME. */
  home: string
  /** Where services reach the gateway. */
  gatewayPort: number
  /** The platform's own files, hidden from services. */
  checkout: string
  /** Private addresses that services may reach all the same: the operator's registry or proxy. */
  permitted?: { address: string; port: number }[]
  /** Where a team may go; asked each time that rules are written. By default everywhere. */
  wayOf?: (teamId: string) => Way
  /** Of each team; by default what leaves half of the machine to others. */
  teamLimits?: Partial<TeamLimits>
  nodeBinary?: string
  /** Do without these although the machine has them. */
  without?: Without
}

/** Names everything of an installation that lies outside its home. The same for as long as the home stays where it is. */
export const installationOf = (home: string) =>
  createHash('sha256').update(realpathSync(home)).digest('hex').slice(0, 6)

export async function openProcessEngine(options: ProcessEngineOptions): Promise<Engine> {
  mkdirSync(options.home, { recursive: true })
  const engine = new ProcessEngine(options, await findCapabilities(installationOf(options.home), options.without))
  await engine.open()
  return engine
}

/** Forgets the user ids and addresses of an installation whose home is about to be deleted. */
export async function uninstallProcessEngine(home: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  await removeNetworks(installationOf(home))
  await releaseSlots(installationOf(home))
}

/** Half of the machine's memory: one team alone never takes what another, and the platform, need. */
const usualTeamLimits: TeamLimits = { memoryMiB: Math.max(512, Math.floor(totalmem() / 2 ** 21)), pids: 4096 }

const idForm = /^[a-z0-9][a-z0-9_-]{0,63}$/i

/** Long by the number of things that an {@link Engine} does; how each is done is in the files beside it. */
class ProcessEngine implements Engine {
  readonly kind = 'process'
  readonly #options: ProcessEngineOptions
  readonly #can: Capabilities
  readonly #folders: InstanceFolders
  readonly #teams: Teams
  readonly #networks: Networks | undefined
  readonly #sites: Sites
  readonly #placed = new Map<string, Placed>()
  readonly #held = new Map<string, Held>()
  readonly #listeners = new Set<(exit: Exit) => void>()
  readonly #seccompFile: string | undefined
  readonly #npmFolder = realpathSync(dirname(createRequire(import.meta.url).resolve('npm/package.json')))
  readonly #teamLimits: TeamLimits
  #unseen: Exit[] = []
  #sweep: NodeJS.Timeout | undefined

  constructor(options: ProcessEngineOptions, can: Capabilities) {
    this.#options = options
    this.#can = can
    this.#teamLimits = { ...usualTeamLimits, ...options.teamLimits }
    const { home, gatewayPort, permitted = [], wayOf = () => ({ mode: 'all' }) } = options
    const installation = installationOf(home)
    this.#folders = new InstanceFolders(home)
    this.#networks = can.network ? new Networks({ installation, home, gatewayPort, permitted, wayOf }) : undefined
    this.#sites = new Sites(this.#networks)
    this.#teams = new Teams({ home, installation, root: can.root, ownNetworks: can.network })
    const program = can.bwrap ? seccompProgram() : undefined
    if (program) {
      this.#seccompFile = `${home}/instances/.seccomp`
      writeFileSync(this.#seccompFile, program, { mode: 0o600 })
    }
  }

  async open(): Promise<void> {
    const { living, ended } = await adopt(this.#folders, this.#can.cgroups)
    this.#unseen = ended
    await this.#sites.adopt(installationOf(this.#options.home), living)
    for (const record of living) this.#place(record)
    for (const teamId of new Set(living.map((record) => record.teamId))) await this.#teams.prepare(teamId)
    // For exits whose hint was lost, and those of instances whose status cannot be watched.
    this.#sweep = setInterval(() => this.#checkAll(), 1000).unref()
  }

  describe = () => describe(this.#can, this.#teamLimits)

  async prepare(site: Site) {
    const [{ gatewayAddress, instanceAddress }] = await Promise.all([
      this.#sites.prepare(site),
      this.#teams.prepare(checkId(site.teamId)),
    ])
    return { gatewayAddress, instanceAddress }
  }

  async start(spec: InstanceSpec): Promise<Placement> {
    checkSpec(spec)
    if (this.#folders.has(spec.id)) throw new PlatformError('conflict', `the instance ${spec.id} exists already`)
    const folder = this.#folders.path(spec.id)
    try {
      const [team, network] = await Promise.all([
        this.#teams.prepare(spec.teamId),
        this.#sites.take(spec.id, spec, { job: spec.job === true }),
      ])
      const record = await makeFolder(spec, team, folder, {
        folders: this.#folders,
        root: this.#can.root,
        namespace: network.namespace,
      })
      return await this.#launch(spec, { team, network }, record)
    } catch (error) {
      this.#sites.leave(spec.id)
      await this.#can.cgroups?.remove(spec.id)
      await this.#folders.remove(spec.id)
      throw error
    }
  }

  async release(id: string, release: Release): Promise<{ listens: Promise<void> }> {
    const [placed, held] = [this.#placed.get(id), this.#held.get(id)]
    this.#held.delete(id)
    if (!placed || !held) throw new PlatformError('start_failed', 'the instance does not wait')
    return held.release(release.env, async () =>
      replaceSource(this.#folders.path(id), await this.#staged(placed.record, held, release)),
    )
  }

  async stage(id: string, source: Staged): Promise<void> {
    const [placed, held] = [this.#placed.get(id), this.#held.get(id)]
    if (placed && held) await this.#staged(placed.record, held, source)
  }

  #staged({ id, uid, gid }: InstanceRecord, held: Held, source: Staged): Promise<string> {
    if (held.staged?.sourceDir !== source.sourceDir) {
      held.staged = {
        sourceDir: source.sourceDir,
        folder: stageSource(this.#folders.path(id), source, {
          owner: this.#can.root ? { uid, gid } : undefined,
          before: held.staged?.folder,
        }),
      }
      held.staged.folder.catch(() => {}) // seen at the release
    }
    return held.staged.folder
  }

  async stop(id: string, { graceMs }: { graceMs: number }): Promise<void> {
    await this.#placed.get(id)?.stop(graceMs)
  }

  async remove(id: string): Promise<void> {
    if (!this.#folders.has(checkId(id))) return
    await this.stop(id, { graceMs: 0 })
    await this.#folders.remove(id)
    this.#unseen = this.#unseen.filter((exit) => exit.id !== id)
  }

  list = (): Placement[] => [...this.#placed.values()].map((each) => each.placement)

  watch(listener: (exit: Exit) => void): () => void {
    const unseen = this.#unseen
    this.#unseen = []
    this.#listeners.add(listener)
    for (const exit of unseen) queueMicrotask(() => listener(exit))
    return () => void this.#listeners.delete(listener)
  }

  async keepOnly(ids: ReadonlySet<string>): Promise<void> {
    const strange = this.#folders.ids().filter((id) => !ids.has(id))
    await Promise.all(strange.map((id) => this.remove(id)))
  }

  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    const placed = this.#placed.get(id)
    if (!placed)
      throw new PlatformError('not_in_this_state', 'the instance is not running', {
        fix: 'Open it in a running instance.',
      })
    return execIn(placed.record, options, {
      bwrap: this.#can.bwrap,
      root: this.#can.root,
      cgroups: this.#can.cgroups,
      seccompFile: this.#seccompFile,
      folder: this.#folders.path(id),
    })
  }

  refreshWays = async () => this.#networks?.writeRules()

  async portOwner(id: string, port: number): Promise<PortOwner> {
    const placed = this.#placed.get(id)
    return placed ? portOwner(placed.placement, port) : 'nobody'
  }

  async portsOf(id: string): Promise<number[]> {
    const placed = this.#placed.get(id)
    return placed ? portsOf(placed.placement) : []
  }

  async helper(teamId: string, limits: Limits): Promise<Helper> {
    const team = await this.#teams.prepare(checkId(teamId))
    const id = `helper-${randomBytes(6).toString('hex')}`
    return {
      groups: this.#groups(id, { team: teamId, limits, job: true }),
      uid: this.#can.root ? team.uid : undefined,
      seccompFile: this.#seccompFile,
      end: async () => this.#can.cgroups?.remove(id),
    }
  }

  async stats(ids: readonly string[]): Promise<Map<string, Usage>> {
    const usage = new Map<string, Usage>()
    for (const id of ids) {
      const placed = this.#placed.get(id)
      const found = placed && (this.#can.cgroups ? this.#can.cgroups.usage(id) : usageOf(placed.placement.pid))
      if (found) usage.set(id, found)
    }
    return usage
  }

  async destroyTeamNetworks(): Promise<void> {
    await this.#sites.removeUnused()
    if (this.#placed.size === 0) await this.#can.cgroups?.destroy()
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    for (const placed of this.#placed.values()) placed.letGo()
    for (const held of this.#held.values()) held.letGo()
    this.#placed.clear()
    this.#listeners.clear()
    await this.#sites.close()
  }

  async #launch(
    spec: InstanceSpec,
    { team, network }: { team: Team; network: Network },
    record: InstanceRecord,
  ): Promise<Placement> {
    const { bwrap, root, cgroups } = this.#can
    const folder = this.#folders.path(spec.id)
    const groups = this.#groups(spec.id, { team: spec.teamId, limits: spec.limits, job: spec.job === true })
    const options: LaunchOptions = {
      spec,
      folder,
      root,
      uid: team.uid,
      gid: team.gid,
      teamFolder: team.folder,
      namespace: network.namespace,
      cgroups: groups,
      cgroupBinds: cgroups?.binds(spec.id) ?? [],
      seccompFile: this.#seccompFile,
      nodeBinary: this.#options.nodeBinary ?? realpathSync(process.execPath),
      npmFolder: this.#npmFolder,
      hidden: [this.#options.home, this.#options.checkout].map((each) => realpathSync(each)),
    }
    const startedAt = Date.now()
    const child = bwrap ? launchSandbox(options) : launchPlain(options)
    const shim = child.pid === undefined ? undefined : identify(child.pid)
    if (!shim) throw new PlatformError('start_failed', 'the instance could not be started: no process could be made')
    const found = await findProcesses(folder, () => isAlive(shim), bwrap)
    if (!found) {
      // Before there is a status the machine's own tools failed, not the service.
      throw new PlatformError(
        'start_failed',
        `the sandbox of the instance could not be made (${await howItEnded(child)})`,
        { data: { lines: lastLines(spec.logDir) } },
      )
    }
    const { id, teamId, serviceId, environmentId, port, job = false } = spec
    record.shim = shim
    record.placement = {
      id,
      teamId,
      serviceId,
      environmentId,
      port,
      job,
      startedAt,
      address: network.instanceAddress,
      gatewayAddress: network.gatewayAddress,
      pid: found.payload.pid,
      logs: { stdout: `${spec.logDir}/stdout.log`, stderr: `${spec.logDir}/stderr.log` },
      writes: [
        folder,
        spec.logDir,
        ...(spec.dataDir ? [spec.dataDir] : []),
        ...(spec.binds ?? []).filter(({ writable }) => writable).map(({ host }) => host),
      ],
      identity: { bootId: record.bootId, ...found, cgroups: groups },
    }
    this.#folders.write(record)
    const placed = this.#place(record)
    if (spec.held) this.#held.set(id, new Held(child, spec.held.preload))
    child.on('exit', () => placed.check())
    child.unref()
    return record.placement
  }

  /** To be joined; empty where there are none. */
  #groups(id: string, at: { team: string; limits: Limits; job: boolean }): string[] {
    const { cgroups } = this.#can
    cgroups?.limitTeam(at.team, this.#teamLimits)
    return cgroups?.create(id, at) ?? []
  }

  #place(record: InstanceRecord): Placed {
    const { shim, placement } = record
    if (!shim || !placement) throw new Error(`instance ${record.id} has no identity`)
    const placed = new Placed({
      record: Object.assign(record, { shim, placement }),
      folders: this.#folders,
      cgroups: this.#can.cgroups,
      onExit: (exit) => this.#exited(exit),
    })
    this.#placed.set(record.id, placed)
    setImmediate(() => placed.check()) // it may have ended already
    return placed
  }

  #exited(exit: Exit): void {
    this.#placed.delete(exit.id)
    this.#held.delete(exit.id)
    this.#sites.leave(exit.id)
    if (this.#listeners.size === 0) this.#unseen.push(exit)
    for (const listener of this.#listeners) listener(exit)
  }

  #checkAll(): void {
    for (const placed of this.#placed.values()) placed.check()
  }
}

function lastLines(logDir: string): string[] {
  return readFileSync(`${logDir}/stderr.log`, 'utf8').trimEnd().split('\n').slice(-5)
}

function checkId(id: string): string {
  if (!idForm.test(id)) throw new PlatformError('bad_request', 'this is not an id of an instance or a team')
  return id
}

function checkSpec(spec: InstanceSpec): void {
  for (const id of [spec.id, spec.teamId]) checkId(id)
  if (spec.command.length === 0) throw new PlatformError('bad_request', 'the command is empty')
  if (spec.command.some((each) => each.includes('\0')))
    throw new PlatformError('bad_request', 'a command cannot contain NUL')
  checkEnvironment(spec.env)
}
