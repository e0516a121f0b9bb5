import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Limits, TeamLimits, Usage } from '../engine.ts'

/**
 * What the two generations of control groups have in common for us. Groups are named by the instance's id and lie in the
 * group of its team, which holds them all together: `m3o-{installation}/team-{team}/{instance}`. Siblings have the same
 * weight, so a team that is given the processor or the disk by turns gets as much as any other, whatever it runs.
 */
export interface Cgroups {
  readonly version: 'v1' | 'v2'
  /** Makes the team's group, or changes its limits. */
  limitTeam(team: string, limits: TeamLimits): void
  /** Makes the group with its limits, in its team's; gives the folders that a process must join. */
  create(id: string, at: { team: string; limits: Limits; job: boolean }): string[]
  /** A group in the instance's, so that all of one terminal can be ended. Its folders to join; the first is its own. */
  createSession(id: string, session: string): string[]
  /** Terminals of a runtime that is gone. */
  endSessions(id: string): Promise<void>
  usage(id: string): Usage | undefined
  /** How often the kernel killed something in it for memory. */
  oomKills(id: string): number
  /** Where in the sandbox runtimes such as Node look for their limits. */
  binds(id: string): { host: string; inside: string }[]
  remove(id: string): Promise<void>
  names(): string[]
  destroy(): Promise<void>
}

/** Undefined where no hierarchy can be written: then only rlimits hold. */
export function openCgroups(installation: string): Cgroups | undefined {
  const name = `m3o-${installation}`
  try {
    const mounts = readMounts()
    const cgroups =
      mounts.memory && mounts.pids ? v1(mounts, name) : mounts.unified ? v2(mounts.unified, name) : undefined
    return cgroups
  } catch {
    return undefined
  }
}

export function processesOf(folder: string): number[] {
  try {
    return readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Ends everything in a group and those below it, then removes them. The kernel answers EBUSY for a moment after. */
export async function endGroup(folder: string): Promise<void> {
  for (let attempt = 0; existsSync(folder) && attempt < 400; attempt++) {
    const nested = readdirSync(folder, { withFileTypes: true, recursive: true })
    const folders = nested.filter((entry) => entry.isDirectory()).map((entry) => `${entry.parentPath}/${entry.name}`)
    for (const each of [...folders.reverse(), folder]) {
      for (const pid of processesOf(each)) kill(pid)
      try {
        rmdirSync(each)
      } catch {
        // busy until the last process has been torn down
      }
    }
    if (existsSync(folder)) await pause(Math.min(2 + attempt, 25))
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone already
  }
}

const wanted = ['memory', 'cpu', 'cpuacct', 'pids', 'blkio'] as const
type Controller = (typeof wanted)[number]
type Mounts = Partial<Record<Controller | 'unified', string>>

/** proc_pid_mountinfo(5): the mount point is field 5; type and options follow a lone hyphen. */
function readMounts(): Mounts {
  const mounts: Mounts = {}
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [left = '', right = ''] = line.split(' - ')
    const point = left.split(' ')[4]
    const [type, , options = ''] = right.split(' ')
    if (!point) continue
    if (type === 'cgroup2' && readFileSync(`${point}/cgroup.controllers`, 'utf8').includes('memory'))
      mounts.unified = point
    if (type === 'cgroup') for (const each of wanted) if (options.split(',').includes(each)) mounts[each] = point
  }
  return mounts
}

const number = (path: string): number => {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return 0
  }
}
const field = (path: string, name: string): number => {
  try {
    return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
const subfolders = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
    : []

const teamPrefix = 'team-'

/** Where instances' groups are, below the installation's; those of an earlier version lie there directly. */
class Places {
  readonly #roots: string[]
  readonly #known = new Map<string, string>()

  constructor(roots: string[]) {
    this.#roots = roots
    for (const root of roots) {
      for (const name of subfolders(root)) {
        if (!name.startsWith(teamPrefix)) this.#known.set(name, name)
        else for (const id of subfolders(`${root}/${name}`)) this.#known.set(id, `${name}/${id}`)
      }
    }
  }

  of = (id: string): string => this.#known.get(id) ?? id

  make(id: string, team: string): string {
    const place = `${teamPrefix}${team}/${id}`
    this.#known.set(id, place)
    return place
  }

  async remove(id: string): Promise<void> {
    for (const root of this.#roots) await endGroup(`${root}/${this.of(id)}`)
    this.#known.delete(id)
  }

  names = (): string[] => [...this.#known.keys()]

  /** Groups of teams that run nothing, then the installation's own. */
  async destroy(): Promise<void> {
    for (const root of this.#roots) {
      for (const name of subfolders(root))
        if (name.startsWith(teamPrefix) && subfolders(`${root}/${name}`).length === 0) await endGroup(`${root}/${name}`)
      if (subfolders(root).length === 0) await endGroup(root)
    }
  }
}

function v1(mounts: Mounts, name: string): Cgroups {
  const base = (controller: Controller) => (mounts[controller] ? `${mounts[controller]}/${name}` : undefined)
  const roots = [...new Set(wanted.map(base).filter((each) => each !== undefined))]
  for (const root of roots) mkdirSync(root, { recursive: true })
  const memory = `${base('memory')}`
  if (base('cpu')) writeFileSync(`${base('cpu')}/cpu.shares`, '1024')
  const pids = `${base('pids')}`
  const cpu = base('cpu')
  const accounting = base('cpuacct')
  if (number(`${memory}/memory.use_hierarchy`) === 0) writeFileSync(`${memory}/memory.use_hierarchy`, '1')

  const write = (path: string, value: number | string, optional = false) => {
    if (!optional || existsSync(path)) writeFileSync(path, String(value))
  }
  /** Of the two, the one for memory with swap may never be the smaller: it is raised first and lowered last. */
  const limitMemory = (folder: string, bytes: number) => {
    const [plain, withSwap] = ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'].map(
      (file) => `${folder}/${file}`,
    ) as [string, string]
    const rises = !existsSync(withSwap) || number(withSwap) < bytes // absent without swap accounting
    for (const path of rises ? [withSwap, plain] : [plain, withSwap]) write(path, bytes, path === withSwap)
  }
  const places = new Places(roots)
  return {
    version: 'v1',
    limitTeam(team, limits) {
      for (const root of roots) mkdirSync(`${root}/${teamPrefix}${team}`, { recursive: true })
      try {
        limitMemory(`${memory}/${teamPrefix}${team}`, Math.round(limits.memoryMiB * 2 ** 20))
      } catch (error) {
        // Lowered below what it uses at the moment: the kernel refuses, and is asked again at the next start.
        if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
      }
      write(`${pids}/${teamPrefix}${team}/pids.max`, limits.pids)
    },
    create(id, { team, limits, job }) {
      const place = places.make(id, team)
      const folders = roots.map((root) => `${root}/${place}`)
      for (const folder of folders) mkdirSync(folder, { recursive: true })
      limitMemory(`${memory}/${place}`, Math.round(limits.memoryMiB * 2 ** 20))
      write(`${pids}/${place}/pids.max`, limits.pids)
      if (cpu) {
        write(`${cpu}/${place}/cpu.cfs_period_us`, 100_000, true)
        write(`${cpu}/${place}/cpu.cfs_quota_us`, Math.max(1000, Math.round(limits.cpu * 100_000)), true)
        if (job) write(`${cpu}/${place}/cpu.shares`, 256, true)
      }
      return folders
    },
    createSession(id, session) {
      const own = `${pids}/${places.of(id)}/${session}`
      mkdirSync(own)
      return [
        own,
        ...roots.map((root) => `${root}/${places.of(id)}`).filter((folder) => folder !== `${pids}/${places.of(id)}`),
      ]
    },
    async endSessions(id) {
      for (const session of subfolders(`${pids}/${places.of(id)}`))
        await endGroup(`${pids}/${places.of(id)}/${session}`)
    },
    usage(id) {
      const folder = `${memory}/${places.of(id)}`
      if (!existsSync(folder)) return undefined
      const cache = field(`${folder}/memory.stat`, 'total_inactive_file')
      return {
        memoryBytes: Math.max(0, number(`${folder}/memory.usage_in_bytes`) - cache),
        cpuMs: accounting ? Math.round(number(`${accounting}/${places.of(id)}/cpuacct.usage`) / 1e6) : 0,
        pids: number(`${pids}/${places.of(id)}/pids.current`),
      }
    },
    oomKills: (id) => field(`${memory}/${places.of(id)}/memory.oom_control`, 'oom_kill'),
    binds: (id) =>
      [['memory', memory] as const, ['cpu', cpu] as const].flatMap(([controller, root]) =>
        root ? [{ host: `${root}/${places.of(id)}`, inside: `/sys/fs/cgroup/${controller}` }] : [],
      ),
    remove: (id) => places.remove(id),
    names: places.names,
    destroy: () => places.destroy(),
  }
}

function v2(mount: string, name: string): Cgroups {
  const root = `${mount}/${name}`
  const controllers = '+memory +pids +cpu'
  try {
    writeFileSync(`${mount}/cgroup.subtree_control`, controllers)
  } catch (error) {
    // In a container the top is not the real root and may not hold processes beside groups: move them one down.
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
    mkdirSync(`${mount}/m3o-outside`, { recursive: true })
    for (const pid of processesOf(mount)) writeFileSync(`${mount}/m3o-outside/cgroup.procs`, String(pid))
    writeFileSync(`${mount}/cgroup.subtree_control`, controllers)
  }
  // Shares of the disk, where the kernel and its scheduler can.
  const all = controllers.concat(
    readFileSync(`${mount}/cgroup.controllers`, 'utf8').split(/\s+/).includes('io') ? ' +io' : '',
  )
  const enable = (folder: string) => {
    for (const each of all.split(' ')) {
      try {
        writeFileSync(`${folder}/cgroup.subtree_control`, each)
      } catch (error) {
        if (each !== '+io') throw error
      }
    }
  }
  enable(mount)
  mkdirSync(root, { recursive: true })
  writeFileSync(`${root}/cpu.weight`, '100')
  enable(root)
  const places = new Places([root])
  const limit = (folder: string, { memoryMiB, pids }: { memoryMiB: number; pids: number }) => {
    writeFileSync(`${folder}/memory.max`, String(Math.round(memoryMiB * 2 ** 20)))
    if (existsSync(`${folder}/memory.swap.max`)) writeFileSync(`${folder}/memory.swap.max`, '0')
    writeFileSync(`${folder}/pids.max`, String(pids))
  }
  return {
    version: 'v2',
    limitTeam(team, limits) {
      const folder = `${root}/${teamPrefix}${team}`
      mkdirSync(folder, { recursive: true })
      enable(folder)
      limit(folder, limits)
    },
    create(id, { team, limits, job }) {
      const folder = `${root}/${places.make(id, team)}`
      mkdirSync(folder, { recursive: true })
      limit(folder, limits)
      writeFileSync(`${folder}/cpu.max`, `${Math.max(1000, Math.round(limits.cpu * 100_000))} 100000`)
      if (job) writeFileSync(`${folder}/cpu.weight`, '25')
      return [folder]
    },
    createSession(id, session) {
      // No controllers of its own, so the rule against processes in inner nodes does not apply.
      mkdirSync(`${root}/${places.of(id)}/${session}`)
      return [`${root}/${places.of(id)}/${session}`]
    },
    async endSessions(id) {
      for (const session of subfolders(`${root}/${places.of(id)}`))
        await endGroup(`${root}/${places.of(id)}/${session}`)
    },
    usage(id) {
      const folder = `${root}/${places.of(id)}`
      if (!existsSync(folder)) return undefined
      const cache = field(`${folder}/memory.stat`, 'inactive_file')
      return {
        memoryBytes: Math.max(0, number(`${folder}/memory.current`) - cache),
        cpuMs: Math.round(field(`${folder}/cpu.stat`, 'usage_usec') / 1000),
        pids: number(`${folder}/pids.current`),
      }
    },
    oomKills: (id) => field(`${root}/${places.of(id)}/memory.events`, 'oom_kill'),
    binds: (id) => [{ host: `${root}/${places.of(id)}`, inside: '/sys/fs/cgroup' }],
    remove: (id) => places.remove(id),
    names: places.names,
    destroy: () => places.destroy(),
  }
}
