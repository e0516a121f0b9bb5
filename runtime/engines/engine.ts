/**
 * What an engine is: it places instances, and nothing more. Switching, draining, waking and reverting belong to the
 * runtime and the gateway, and are the same on every engine. `conformance.ts` is the suite that each engine passes.
 */

export interface Limits {
  memoryMiB: number
  /** Processors, as a fraction: 0.5 is half of one. */
  cpu: number
  /** Processes and threads together. */
  pids: number
}

/** Of all that a team runs at once, builds and language servers too; what one instance may is in {@link Limits}. */
export interface TeamLimits {
  memoryMiB: number
  /** Processes and threads together. */
  pids: number
}

export interface Bind {
  /** Absolute path on the machine. */
  host: string
  /** Absolute path in the sandbox. */
  inside: string
  /** Writable binds are handed over to the team's user, so what is in them afterwards is hostile. */
  writable?: boolean
}

/** A package that is loaded before a held instance waits. */
export interface Preload {
  specifier: string
  kind: 'import' | 'require'
}

export interface InstanceSpec {
  /** Also names folders, control groups and the log: `^[a-z0-9][a-z0-9_-]{0,63}$`, never used again. */
  id: string
  teamId: string
  serviceId: string
  environmentId: string
  /** Hostname in the sandbox, for people reading a prompt. */
  name: string
  /** The built tree; the instance gets a writable copy of its own at /app. Never written to. */
  sourceDir: string
  /** Bound read-only at /app/node_modules. */
  modulesDir?: string
  /** Each of its entries is bound read-only under /m3o; `bin` is the engine's own. */
  platformDir?: string
  /** Bound read-only at /m3o/build: what was compiled of the source. */
  buildDir?: string
  /** Bound writable at /data (M3O_DATA, set by the caller). Handed over to the team's user. */
  dataDir?: string
  command: string[]
  /**
   * The whole environment of the command: PATH, HOME and TMPDIR are added where absent, and a heap limit to NODE_OPTIONS.
   * Held in memory only; never in an argument list or on a disk.
   */
  env: Record<string, string>
  /** Where the instance is told to listen; 0 for a job. */
  port: number
  limits: Limits
  /** Gets `stdout.log` and `stderr.log`, appended to by the instance itself. */
  logDir: string
  /** Runs to completion: no port, a lower share of the processor. The caller stops it at its deadline. */
  job?: boolean
  binds?: Bind[]
  /** Started up to where the service's own code would begin, and there it waits for `release`. The command must know how: sdk/platform/held.ts. */
  held?: { preload: readonly Preload[] }
}

export interface Staged {
  sourceDir: string
  buildDir?: string
}

export interface Release extends Staged {
  /** Laid over the environment that it was started with. */
  env: Record<string, string>
}

/** A process named so that a pid used again is never taken for it. `start` is field 22 of /proc/PID/stat. */
export interface ProcessIdentity {
  pid: number
  start: string
}

export interface Placement {
  id: string
  teamId: string
  serviceId: string
  environmentId: string
  /** Where the gateway reaches it. */
  address: string
  /** Where it reaches the gateway. */
  gatewayAddress: string
  port: number
  /** The payload's pid on the machine that runs it. */
  pid: number
  job: boolean
  /** Milliseconds since 1970. */
  startedAt: number
  logs: { stdout: string; stderr: string }
  /** Folders of the machine that it may write to. */
  writes?: string[]
  identity: { bootId: string; payload: ProcessIdentity; init: ProcessIdentity; cgroups: string[] }
}

export interface Exit {
  id: string
  /** As a shell gives it: 128 + signal for one that was killed; null when nobody could see it (power loss). */
  exitCode: number | null
  /** Inferred from the code, so `exit 137` looks like SIGKILL. */
  signal: string | null
  /** The memory limit was hit and the kernel killed something in it. */
  oom: boolean
  /** `stop` asked for it. */
  stopped: boolean
  /** Milliseconds since 1970. */
  at: number
}

export interface ExecOptions {
  /** Absent: an interactive shell. */
  command?: string[]
  /** Laid over the environment of the instance's payload. */
  env?: Record<string, string>
  tty?: { cols: number; rows: number }
}

export interface ExecSession {
  /** With a tty everything arrives here. Pausing it pauses the command. */
  readonly stdout: import('node:stream').Readable
  /** Empty with a tty. */
  readonly stderr: import('node:stream').Readable
  /** False: wait for `drain` before writing more. */
  write(data: string | Uint8Array): boolean
  drain(): Promise<void>
  /** End of its standard input; Ctrl-D with a tty. */
  end(): void
  resize(size: { cols: number; rows: number }): void
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): void
  /** Ends all of it, however far its start has got. */
  kill(): void
  /** Resolves once the command and all that it started in the background are gone. */
  readonly exited: Promise<{ exitCode: number | null }>
}

export interface Usage {
  memoryBytes: number
  /** Total since the start. */
  cpuMs: number
  pids: number
}

/** A service in an environment, of a team: its instances share a network, and nothing else is in it. */
export interface Site {
  teamId: string
  environmentId: string
  serviceId: string
}

/**
 * Whose the sockets are that take connections on a port, seen from where an instance runs: `own` when all of them belong to its
 * processes, `other` when one does not, or cannot be found.
 */
export type PortOwner = 'own' | 'other' | 'nobody'

/** What holds, for the console and `m3o doctor`. */
export interface Isolation {
  sandbox: 'bubblewrap' | 'none'
  /** `site`: each service in each environment has its own. */
  network: 'site' | 'host'
  limits: 'cgroup-v1' | 'cgroup-v2' | 'rlimits'
  /** Programs of the machine that are not there and would make it stronger. */
  missing: string[]
  /** What one team may have at most, where `limits` are of control groups. */
  team: TeamLimits
  /** False: run one team only. */
  teamsApart: boolean
  /** One sentence for each thing that is weaker than it should be. */
  warnings: string[]
}

export interface Addresses {
  /** The gateway must listen here (`M3O_GATEWAY` names it), on the port that the engine was told. */
  gatewayAddress: string
  instanceAddress: string
}

/** Where a team's services may go outside of the platform: contract/egress.ts, names looked up. */
export type Way = { mode: 'all' } | { mode: 'none' } | { mode: 'listed'; networks: string[] }

/** How a program of the platform that reads what a team wrote, such as a language server, stays within the team's walls. */
export interface Helper {
  /** Folders of control groups to join before anything is read; empty where there are none. */
  groups: string[]
  /** Of the team; undefined when not run as root. */
  uid: number | undefined
  /** A filter of system calls, as bwrap takes it. */
  seccompFile: string | undefined
  /** Ends all that runs in its groups. */
  end(): Promise<void>
}

export interface Engine {
  readonly kind: 'process' | 'swarm'
  describe(): Isolation
  /** Where what is started there within seconds will be, and where it finds the gateway. Cheap once something runs there; `start` does it too. */
  prepare(site: Site): Promise<Addresses>
  /** Resolves once the payload runs (not: listens). `start_failed` when the sandbox could not be made. */
  start(spec: InstanceSpec): Promise<Placement>
  /** Copies a source to where a held one gets it from when it is released with it; of several the last counts. */
  stage(id: string, source: Staged): Promise<void>
  /**
   * Lets a held one run, as if it had been started with this source. It ends by itself when the runtime ends before.
   * `listens` resolves when its program says that it listens, which whoever waits for that may check at once; or never.
   * @throws PlatformError `start_failed` when it does not wait any more: it is to be removed then
   */
  release(id: string, release: Release): Promise<{ listens: Promise<void> }>
  /** SIGTERM, then after `graceMs` the end of everything in it. Resolves when gone; no error if it already is. */
  stop(id: string, options: { graceMs: number }): Promise<void>
  /** Frees what is left of one that has ended (not its logs or data). Stops it first if it has not. */
  remove(id: string): Promise<void>
  /** Those alive, the ones of an earlier runtime included. */
  list(): Placement[]
  /**
   * Every exit from now on, and first those that happened while no runtime lived and were never removed.
   * Returns the end of the watch.
   */
  watch(listener: (exit: Exit) => void): () => void
  /** After a restart: stops and removes all that the runtime does not know. */
  keepOnly(ids: ReadonlySet<string>): Promise<void>
  exec(id: string, options: ExecOptions): Promise<ExecSession>
  /** Holds teams to their ways out as they are now; to each from its first instance on. Connections that are no longer allowed stall. */
  refreshWays(): Promise<void>
  helper(teamId: string, limits: Limits): Promise<Helper>
  /** Whoever asks a port must know whom: another process may have been there first. */
  portOwner(id: string, port: number): Promise<PortOwner>
  /** TCP ports on which the instance itself listens. */
  portsOf(id: string): Promise<number[]>
  stats(ids: readonly string[]): Promise<Map<string, Usage>>
  /** Takes down what was made for instances that are all gone: networks, rules, control groups. */
  destroyTeamNetworks(): Promise<void>
  /** Lets go; never stops instances. */
  close(): Promise<void>
}
