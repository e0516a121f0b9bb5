import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { PlatformError } from '#contract/errors.ts'
import type { Engine, Placement } from '../engines/engine.ts'
import { run } from '../engines/process/run.ts'
import type { Stock } from './stock.ts'

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
  /** What the platform keeps for teams. */
  stock: Stock
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

/** The source, builds and caches of a team, in which nothing can be ended. */
const stockOf = (teamId: string) => `stock of ${teamId}`

/**
 * Room on the disk, a team. Few file systems have quotas that are switched on, so it is measured: now and then, and at once
 * when the disk fills. A team beyond its own stores and builds nothing more, and has what grew the most ended where its services
 * filled the room; so has whoever grew the most when the disk itself is nearly full, before others cannot write, unless it is a team
 * that uses less than its part.
 */
export class Disk {
  readonly #with: DiskOptions
  #before = new Map<string, number>()
  #free = Infinity
  #measuredAt = -Infinity
  /** Beyond what the platform needs itself; negative when the disk is nearly full. */
  #left = Infinity
  #totals = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: DiskOptions) {
    this.#with = options
  }

  follow(): void {
    if (this.#closed) return
    const again = () => {
      this.#timer = setTimeout(() => this.follow(), lookMs).unref()
    }
    this.look()
      .catch((error: unknown) => this.#with.log.error({ err: error }, 'room on the disk could not be measured'))
      .finally(again)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  /** @throws PlatformError `disk_full` when a team may store and build nothing more */
  requireRoom(teamId: string): void {
    const bytes = this.#totals.get(teamId) ?? 0
    const fix =
      'Delete services, environments or data that are no longer needed, or ask an operator for more room (M3O_TEAM_DISK).'
    if (bytes > this.#limit)
      throw new PlatformError(
        'disk_full',
        `the team has used up its room on the disk: ${mib(bytes)} MiB of ${this.#with.teamMiB} MiB`,
        { fix },
      )
    if (this.#left < 0 && this.#usesItsPart(teamId))
      throw new PlatformError(
        'disk_full',
        `the disk of the platform is nearly full, and the team uses ${mib(bytes)} MiB of it`,
        { fix },
      )
  }

  /** Bytes that a team may store at once. */
  roomOf(teamId: string): number {
    const free = this.#usesItsPart(teamId) ? this.#left : Math.max(this.#left, 0) + leastGrown
    return Math.max(0, Math.min(this.#limit - (this.#totals.get(teamId) ?? 0), free))
  }

  /** Stores something in a service's repository. @throws PlatformError `disk_full` */
  async storing<T>({ teamId, serviceId }: { teamId: string; serviceId: string }, work: () => Promise<T>): Promise<T> {
    this.requireRoom(teamId)
    return this.#with.stock.during(serviceId, work)
  }

  get #limit(): number {
    return this.#with.teamMiB * 2 ** 20
  }

  /** Of all that teams use, at least as much as each would have of equal parts. */
  #usesItsPart(teamId: string): boolean {
    const all = [...this.#totals.values()].reduce((sum, bytes) => sum + bytes, 0)
    return (this.#totals.get(teamId) ?? 0) * this.#totals.size >= all
  }

  async look(): Promise<void> {
    const { bavail, blocks, bsize } = await statfs(this.#with.home)
    const free = bavail * bsize
    this.#left = free - reserve(blocks * bsize)
    const narrow = this.#left < 0
    if (
      this.#free - free < noticed &&
      performance.now() - this.#measuredAt < (narrow ? measureNarrowMs : measureAtLeastMs)
    ) {
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
    this.#totals = totals(shares)
    for (const [teamId, all] of this.#totals) {
      if (all <= this.#limit) continue
      const bytes = all - (await this.#with.stock.dropDownloads(teamId))
      this.#totals.set(teamId, bytes)
      if (bytes <= this.#limit) continue
      const [first] = most.filter(([, share]) => share.teamId === teamId)
      if (!first) continue
      const written = bytes - (shares.get(stockOf(teamId))?.bytes ?? 0)
      const writesOn = before.size > 0 && grown(first[0]) >= leastGrown && grown(first[0]) > more(stockOf(teamId))
      if (written > this.#limit || writesOn)
        await this.#end(
          first,
          `its team has used up its room on the disk: ${mib(bytes)} MiB of ${this.#with.teamMiB} MiB`,
          ended,
        )
    }
    if (!narrow || ended.size > 0 || before.size === 0) return
    const [first] = most
    if (!first || grown(first[0]) < leastGrown) return
    // What is stored is not ended by ending a service: who stores is refused.
    const stored = Math.max(0, ...[...shares.keys()].filter((key) => key.startsWith(stockOf(''))).map(more))
    if (stored > grown(first[0])) return
    // Whoever uses little is spared, for as long as there is something left.
    if (!this.#usesItsPart(first[1].teamId) && free > reserve(blocks * bsize) / 4) return
    await this.#end(first, `the disk is nearly full (${mib(free)} MiB are left), and it wrote the most of late`, ended)
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
    const { home, engine, servicesOf, stock } = this.#with
    const shares = new Map<string, Share & { paths: string[] }>()
    const running = engine.list()
    const counted = new Set<string>()
    for (const placement of running) {
      const paths = (placement.writes ?? []).filter((path) => !counted.has(path))
      for (const path of paths) counted.add(path)
      shares.set(placement.id, { teamId: placement.teamId, placement, bytes: 0, paths })
    }
    for (const { serviceId, teamId } of servicesOf()) {
      shares.set(serviceId, {
        teamId,
        placement: undefined,
        bytes: 0,
        paths: [join(home, 'data', serviceId), join(home, 'logs/services', serviceId)],
      })
    }
    const [sizes, stocks] = await Promise.all([
      sizesOf([...shares.values()].flatMap(({ paths }) => paths)),
      stock.measure(counted),
    ])
    for (const share of shares.values()) {
      const own = share.paths.reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0)
      // What a running instance is counted for is not its service's once more.
      const within = share.placement
        ? 0
        : [...counted]
            .filter((path) => share.paths.some((one) => path.startsWith(`${one}/`)))
            .reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0)
      share.bytes = Math.max(0, own - within)
    }
    for (const [teamId, bytes] of stocks)
      shares.set(stockOf(teamId), { teamId, placement: undefined, bytes, paths: [] })
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
  const { stdout } = await run('nice', ['-n', '10', 'du', '-s', '-x', '-B1', '-l', '--files0-from=-'], {
    input: paths.map((path) => `${path}\0`).join(''),
    mayFail: true,
  })
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [size, path] = [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)]
      return path ? [[path, Number(size)] as const] : []
    }),
  )
}
