import { readFile, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Build } from './build.ts'
import { classFolders } from './folders.ts'
import { isClass } from './trust.ts'

export interface Removed {
  builds: string[]
  modules: string[]
}

interface Found {
  name: string
  usedAt: number
  bytes: number
}

export interface Kept {
  used: ReadonlySet<string>
  /** Trust classes in which something can still be built. */
  classes: ReadonlySet<string>
  keepBytes: number
}

const day = 86_400_000
const idleClassMs = 30 * day
/** A class may be of an environment that came after it was asked which there are. */
const newMs = day / 24

/** Keeps what is used and, newest first, what fits; also the dependencies that a kept build needs. */
export async function sweepBuilds(home: string, { used, classes, keepBytes }: Kept): Promise<Removed> {
  const removed: Removed = { builds: [], modules: [] }
  const needed = new Set<string>()
  let bytes = 0
  for (const build of await list(join(home, 'builds'), 'build.json')) {
    bytes += build.bytes
    const trust = await trustOfBuild(join(home, 'builds', build.name))
    const usable =
      trust !== undefined && (trust.startsWith('platform-') || classes.has(trust) || Date.now() - build.usedAt < newMs)
    if (used.has(build.name) || (usable && bytes <= keepBytes)) {
      for (const key of await modulesOf(join(home, 'builds', build.name))) needed.add(key)
      continue
    }
    await rm(join(home, 'builds', build.name), { recursive: true, force: true })
    removed.builds.push(build.name)
  }
  // Of before there were classes they lie in the folder itself.
  for (const trust of [...(await names(join(home, 'cache/modules'))).filter(isClass), '']) {
    for (const modules of (await list(join(home, 'cache/modules', trust), '.')).filter(({ name }) => !isClass(name))) {
      // One that was installed a moment ago may belong to a build that is not written yet.
      if (needed.has(join(trust, modules.name)) || Date.now() - modules.usedAt < day) continue
      await rm(join(home, 'cache/modules', trust, modules.name), { recursive: true, force: true })
      removed.modules.push(modules.name)
    }
  }
  await sweepClasses(join(home, 'cache'), classes)
  await sweepFiles(join(home, 'cache/transform'), 30 * day)
  for (const folder of ['locks', 'resolved']) await sweepFiles(join(home, 'cache', folder), 365 * day)
  return removed
}

/** What builds of a class have downloaded and resolved goes when the class is gone, or was not used for long. */
async function sweepClasses(cache: string, classes: ReadonlySet<string>): Promise<void> {
  for (const name of new Set(
    (await Promise.all(classFolders.map((folder) => names(join(cache, folder))))).flat().filter(isClass),
  )) {
    const idleMs =
      Date.now() -
      (await stat(join(cache, 'downloads', name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ))
    if (idleMs > idleClassMs || (idleMs > newMs && !classes.has(name)))
      await rm(join(cache, 'downloads', name), { recursive: true, force: true })
    if (idleMs <= newMs || classes.has(name)) continue
    await rm(join(cache, 'locks', name), { recursive: true, force: true })
    // Only when it is empty: builds that are kept may need what is in it.
    await rmdir(join(cache, 'modules', name)).catch(() => {})
  }
}

/** Newest first, by the time at which they were last used. */
async function list(folder: string, mark: string): Promise<Found[]> {
  const found = await Promise.all(
    (await names(folder)).map(async (name): Promise<Found> => {
      const usedAt = await stat(join(folder, name, mark)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      )
      return { name, usedAt, bytes: mark === '.' ? 0 : await sizeOf(join(folder, name)) }
    }),
  )
  return found.sort((a, b) => b.usedAt - a.usedAt)
}

const names = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.'))

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile())
      bytes += await stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      )
  }
  return bytes
}

/** Of the dependency folders that a build is bound to: the trust class and the key; of before there were classes the key alone. */
async function modulesOf(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'build.json'), 'utf8').catch(() => '{}')
  const { modulesDir, binds = [] } = JSON.parse(text) as Partial<Build>
  return [modulesDir ?? '', ...binds.map(({ host }) => host)].flatMap(
    (path) => /\/modules\/((?:[\w-]+\/)?[0-9a-f]{32})\//.exec(path)?.[1] ?? [],
  )
}

async function trustOfBuild(folder: string): Promise<string | undefined> {
  return (JSON.parse(await readFile(join(folder, 'build.json'), 'utf8').catch(() => '{}')) as Partial<Build>).trust
}

async function sweepFiles(folder: string, keptMs: number): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const file = join(entry.parentPath, entry.name)
    if (entry.isFile() && Date.now() - (await stat(file)).mtimeMs > keptMs) await rm(file, { force: true })
  }
}
