import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Engine, Placement } from '../engines/engine.ts'
import { run } from '../engines/process/run.ts'

const lookMs = 500
const measureAtLeastMs = 30_000
const measureNarrowMs = 2_000
/** So much less room than at the last look, and it is measured who took it. */
const noticed = 32 * 2 ** 20
/** Who wrote less since the last measure did not fill the disk: something else on the machine has. */
const leastGrown = 2 ** 20
/** Of the whole disk: what the platform itself needs to go on, and to be mended in. */
const reserve = (size: number) => Math.min(2 ** 30, size / 10)

export interface DiskOptions {
  home: string
  engine: Pick<Engine, 'list' | 'stop'>
  /** Of one team, in all that its services and builds write. */
  teamMiB: number
  /** Services, running or not, by the team that owns them. */
  servicesOf: () => Iterable<{ serviceId: string; teamId: string }>
  /** It runs no longer, and whoever calls it is told why. */
  park: (at: { id: string; serviceId: string; environmentId: string }, why: string) => Promise<void>
  log: Pick<Logger, 'warn' | 'error'>
}

/** What one instance, or the data and the log of one service, takes. */
interface Share {
  teamId: string
  placement: Placement | undefined
  bytes: number
}

/**
 * Room on the disk, a team. Few file systems have quotas that are switched on, so it is measured: now and then, and at once
 * when the disk fills. A team beyond its own has what grew the most ended; so has whoever grew the most when the disk itself
 * is nearly full, before others cannot write.
 */
export class Disk {
  readonly #with: DiskOptions
  #before = new Map<string, number>()
  #free = Infinity
  #measuredAt = -Infinity
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: DiskOptions) {
    this.#with = options
  }

  follow(): void {
    if (this.#closed) return
    const again = () => { this.#timer = setTimeout(() => this.follow(), lookMs).unref() }
    this.look().catch((error: unknown) => this.#with.log.error({ err: error }, 'room on the disk could not be measured')).finally(again)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async look(): Promise<void> {
    const { bavail, blocks, bsize } = await statfs(this.#with.home)
    const free = bavail * bsize
    const narrow = free < reserve(blocks * bsize)
    if (this.#free - free < noticed && performance.now() - this.#measuredAt < (narrow ? measureNarrowMs : measureAtLeastMs)) {
      this.#free = Math.max(this.#free, free)
      return
    }
    this.#free = free
    const shares = await this.#measure()
    this.#measuredAt = performance.now()
    const before = this.#before
    const more = (key: string) => (shares.get(key)?.bytes ?? 0) - (before.get(key) ?? 0)
    // What its service keeps and says grows by it, too.
    const grown = (id: string) => more(id) + more(shares.get(id)?.placement?.serviceId ?? '')
    const most = [...shares].filter(([, { placement }]) => placement).sort(([a], [b]) => grown(b) - grown(a))
    this.#before = new Map([...shares].map(([key, { bytes }]) => [key, bytes]))
    const ended = new Set<string>()
    for (const [teamId, bytes] of totals(shares)) {
      if (bytes <= this.#with.teamMiB * 2 ** 20) continue
      const [first] = most.filter(([, share]) => share.teamId === teamId)
      if (first) await this.#end(first, `its team has used up its room on the disk: ${mib(bytes)} MiB of ${this.#with.teamMiB} MiB`, ended)
    }
    if (!narrow || ended.size > 0 || before.size === 0) return
    const [first] = most
    if (first && grown(first[0]) >= leastGrown) await this.#end(first, `the disk is nearly full (${mib(free)} MiB are left), and it wrote the most of late`, ended)
  }

  async #end([id, { placement }]: [string, Share], why: string, ended: Set<string>): Promise<void> {
    if (!placement) return
    ended.add(id)
    const { engine, park, log } = this.#with
    log.warn({ instance: id, team: placement.teamId, why }, 'an instance is ended, as it fills the disk')
    if (placement.job) await engine.stop(id, { graceMs: 0 })
    else await park(placement, why)
  }

  async #measure(): Promise<Map<string, Share>> {
    const { home, engine, servicesOf } = this.#with
    const shares = new Map<string, Share & { paths: string[] }>()
    const running = engine.list()
    const counted = new Set<string>()
    for (const placement of running) {
      const paths = (placement.writes ?? []).filter((path) => !counted.has(path))
      for (const path of paths) counted.add(path)
      shares.set(placement.id, { teamId: placement.teamId, placement, bytes: 0, paths })
    }
    for (const { serviceId, teamId } of servicesOf()) {
      shares.set(serviceId, { teamId, placement: undefined, bytes: 0, paths: [join(home, 'data', serviceId), join(home, 'logs/services', serviceId)] })
    }
    const sizes = await sizesOf([...shares.values()].flatMap(({ paths }) => paths))
    for (const share of shares.values()) {
      const own = share.paths.reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0)
      // What a running instance is counted for is not its service's once more.
      const within = share.placement ? 0 : [...counted].filter((path) => share.paths.some((one) => path.startsWith(`${one}/`))).reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0)
      share.bytes = Math.max(0, own - within)
    }
    return shares
  }
}

function totals(shares: ReadonlyMap<string, Share>): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { teamId, bytes } of shares.values()) sums.set(teamId, (sums.get(teamId) ?? 0) + bytes)
  return sums
}

const mib = (bytes: number) => Math.round(bytes / 2 ** 20)

/** Blocks, not lengths: what services write to has holes. Others go first. */
async function sizesOf(paths: string[]): Promise<Map<string, number>> {
  if (paths.length === 0) return new Map()
  const { stdout } = await run('nice', ['-n', '10', 'du', '-s', '-x', '-B1', '-l', '--files0-from=-'], { input: paths.map((path) => `${path}\0`).join(''), mayFail: true })
  return new Map(stdout.split('\n').flatMap((line) => {
    const [size, path] = [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)]
    return path ? [[path, Number(size)] as const] : []
  }))
}
