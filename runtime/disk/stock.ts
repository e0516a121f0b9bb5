import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ownerOfClass } from '../builds/trust.ts'
import { run } from '../engines/process/run.ts'

export interface Owners {
  /** The teams of services, deleted ones whose repository is still in the trash included. */
  teamOfService(serviceId: string): string | undefined
  teamOfEnvironment(environmentId: string): string | undefined
  /** Reads who owns what is in the trash. */
  refresh(): Promise<void>
}

/** A folder that the platform fills for a team. It is measured again when its stamp is another. */
interface Kept {
  path: string
  teamId: string
  stamp: number
}
interface Measured extends Kept {
  bytes: number
}

const together = 100

/**
 * What a team keeps with the platform beside what its services write: source, builds, installed dependencies and caches.
 * Builds and dependencies never change, so each is measured once; a repository after something was stored in it, a cache after
 * it was used. A file that several builds share counts in parts.
 */
export class Stock {
  readonly #home: string
  readonly #owners: Owners
  readonly #stored = new Map<string, number>()
  readonly #storing = new Map<string, number>()
  #measured = new Map<string, Measured>()

  constructor(home: string, owners: Owners) {
    this.#home = home
    this.#owners = owners
  }

  /** Something is stored in a service's repository, until the work has ended. */
  async during<T>(serviceId: string, work: () => Promise<T>): Promise<T> {
    this.#storing.set(serviceId, (this.#storing.get(serviceId) ?? 0) + 1)
    try {
      return await work()
    } finally {
      const left = (this.#storing.get(serviceId) ?? 1) - 1
      if (left === 0) this.#storing.delete(serviceId)
      else this.#storing.set(serviceId, left)
      this.#stored.set(serviceId, (this.#stored.get(serviceId) ?? 0) + 1)
    }
  }

  /** Bytes, by team. `busy`: folders that are counted for what runs and writes to them at this moment. */
  async measure(busy: ReadonlySet<string>): Promise<Map<string, number>> {
    const kept = (
      await Promise.all([
        this.#sources(),
        this.#builds(),
        this.#modules(),
        this.#perClass('downloads'),
        this.#perClass('locks'),
      ])
    ).flat()
    const due = kept.filter(({ path, stamp }) => !busy.has(path) && this.#measured.get(path)?.stamp !== stamp)
    const sizes = await sizesOf(due.map(({ path }) => path))
    const before = this.#measured
    this.#measured = new Map(
      kept
        .filter(({ path }) => !busy.has(path))
        .map((one) => [one.path, { ...one, bytes: sizes.get(one.path) ?? before.get(one.path)?.bytes ?? 0 }]),
    )
    const totals = new Map<string, number>()
    for (const { teamId, bytes } of this.#measured.values()) totals.set(teamId, (totals.get(teamId) ?? 0) + bytes)
    return totals
  }

  /** Removes what a team's builds have downloaded and can download again. Gives the bytes. */
  async dropDownloads(teamId: string): Promise<number> {
    let bytes = 0
    for (const one of this.#measured.values()) {
      if (one.teamId !== teamId || !one.path.startsWith(join(this.#home, 'cache/downloads/'))) continue
      const gone = `${join(this.#home, 'cache/downloads')}/.gone-${Math.random().toString(36).slice(2)}`
      await rename(one.path, gone).then(
        () => rm(gone, { recursive: true, force: true }),
        () => {},
      )
      this.#measured.delete(one.path)
      bytes += one.bytes
    }
    return bytes
  }

  async #sources(): Promise<Kept[]> {
    const folder = join(this.#home, 'source')
    const own = (name: string, path: string): Kept[] => {
      const serviceId = name.split('.')[0] ?? ''
      const teamId = this.#owners.teamOfService(serviceId)
      // NaN is never the same: it is being filled.
      return teamId === undefined
        ? []
        : [{ path, teamId, stamp: this.#storing.has(serviceId) ? NaN : (this.#stored.get(serviceId) ?? 0) }]
    }
    const trash = await names(join(folder, '.trash'))
    if (trash.some((name) => !this.#measured.has(join(folder, '.trash', name)))) await this.#owners.refresh()
    return [
      ...(await names(folder)).flatMap((name) => own(name, join(folder, name))),
      ...trash.flatMap((name) => own(name, join(folder, '.trash', name))),
    ]
  }

  async #builds(): Promise<Kept[]> {
    const folder = join(this.#home, 'builds')
    const found = await Promise.all(
      (await names(folder)).map(async (name): Promise<Kept[]> => {
        const path = join(folder, name)
        const known = this.#measured.get(path)
        if (known) return [known]
        // Without its last file it is not whole yet.
        const text = await readFile(join(path, 'build.json'), 'utf8').catch(() => undefined)
        return text === undefined ? [] : [{ path, teamId: (JSON.parse(text) as { teamId: string }).teamId, stamp: 0 }]
      }),
    )
    return found.flat()
  }

  async #modules(): Promise<Kept[]> {
    const folder = join(this.#home, 'cache/modules')
    const found = await Promise.all(
      (await names(folder)).map(async (name) => {
        const teamId = this.#teamOf(name)
        return teamId === undefined
          ? []
          : (await names(join(folder, name))).map((key) => ({ path: join(folder, name, key), teamId, stamp: 0 }))
      }),
    )
    return found.flat()
  }

  async #perClass(kind: 'downloads' | 'locks'): Promise<Kept[]> {
    const folder = join(this.#home, 'cache', kind)
    const found = await Promise.all(
      (await names(folder)).map(async (name): Promise<Kept[]> => {
        const teamId = this.#teamOf(name)
        const path = join(folder, name)
        const stamp = await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => undefined,
        )
        return teamId === undefined || stamp === undefined ? [] : [{ path, teamId, stamp }]
      }),
    )
    return found.flat()
  }

  #teamOf(name: string): string | undefined {
    const owner = ownerOfClass(name)
    return owner && ('teamId' in owner ? owner.teamId : this.#owners.teamOfEnvironment(owner.environmentId))
  }
}

const names = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.'))

/** Of each file its blocks, shared among its names. Others go first. */
async function sizesOf(paths: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>(paths.map((path) => [path, 0]))
  for (let at = 0; at < paths.length; at += together) {
    const { stdout } = await run(
      'nice',
      ['-n', '10', 'find', ...paths.slice(at, at + together), '-xdev', '-printf', '%b %n %y %H\\n'],
      { mayFail: true },
    )
    for (const line of stdout.split('\n')) {
      const [, blocks, links, kind, path = ''] = /^(\d+) (\d+) (\S) (.*)$/.exec(line) ?? []
      if (blocks !== undefined)
        sizes.set(
          path,
          (sizes.get(path) ?? 0) + (Number(blocks) * 512) / (kind === 'd' ? 1 : Math.max(1, Number(links))),
        )
    }
  }
  return sizes
}
