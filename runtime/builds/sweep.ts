import { readFile, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Build } from './build.ts'

export interface Removed {
  builds: string[]
  modules: string[]
}

interface Kept { name: string; usedAt: number; bytes: number }

const day = 86_400_000

/** Keeps what is used and, newest first, what fits; also the dependencies that a kept build needs. */
export async function sweepBuilds(home: string, { used, keepBytes }: { used: ReadonlySet<string>; keepBytes: number }): Promise<Removed> {
  const removed: Removed = { builds: [], modules: [] }
  const needed = new Set<string>()
  let bytes = 0
  for (const build of await list(join(home, 'builds'), 'build.json')) {
    bytes += build.bytes
    if (used.has(build.name) || bytes <= keepBytes) {
      for (const key of await modulesOf(join(home, 'builds', build.name))) needed.add(key)
      continue
    }
    await rm(join(home, 'builds', build.name), { recursive: true, force: true })
    removed.builds.push(build.name)
  }
  for (const modules of await list(join(home, 'cache/modules'), '.')) {
    // One that was installed a moment ago may belong to a build that is not written yet.
    if (needed.has(modules.name) || Date.now() - modules.usedAt < day) continue
    await rm(join(home, 'cache/modules', modules.name), { recursive: true, force: true })
    removed.modules.push(modules.name)
  }
  await sweepTransforms(join(home, 'cache/transform'))
  return removed
}

/** Newest first, by the time at which they were last used. */
async function list(folder: string, mark: string): Promise<Kept[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.'))
  const found = await Promise.all(
    names.map(async (name): Promise<Kept> => {
      const usedAt = await stat(join(folder, name, mark)).then(({ mtimeMs }) => mtimeMs, () => 0)
      return { name, usedAt, bytes: mark === '.' ? 0 : await sizeOf(join(folder, name)) }
    }),
  )
  return found.sort((a, b) => b.usedAt - a.usedAt)
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += await stat(join(entry.parentPath, entry.name)).then(({ size }) => size, () => 0)
  }
  return bytes
}

/** Keys of the dependency folders that a build is bound to. */
async function modulesOf(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'build.json'), 'utf8').catch(() => '{}')
  const { modulesDir, binds = [] } = JSON.parse(text) as Partial<Build>
  return [modulesDir ?? '', ...binds.map(({ host }) => host)].flatMap((path) => /\/modules\/([0-9a-f]{32})\//.exec(path)?.[1] ?? [])
}

async function sweepTransforms(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const file = join(entry.parentPath, entry.name)
    if (entry.isFile() && Date.now() - (await stat(file)).mtimeMs > 30 * day) await rm(file, { force: true })
  }
}
