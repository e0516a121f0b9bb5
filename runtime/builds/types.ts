import { readdir, realpath } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { packageOf, resolveManifest } from '#contract/convention.ts'
import type { Platform } from '../platform.ts'
import { findService } from '../services/views.ts'
import { planInstall } from './dependencies.ts'
import { readText } from './tree-files.ts'

const limitBytes = 8 * 2 ** 20
const needed = ['package.json', 'package-lock.json', 'npm-shrinkwrap.json', '.npmrc', 'm3o.json']

/**
 * Declarations of the packages that a service's package.json names, for the editor: `node_modules/…` paths. Empty
 * until they were installed by a build; what does not fit in 8 MiB is left out.
 */
export async function dependencyTypes(platform: Pick<Platform, 'db' | 'source' | 'settings'>, serviceId: string, tree: string): Promise<{ path: string; text: string }[]> {
  const { source, settings } = platform
  const { teamId } = await findService(platform, serviceId)
  const files = new Set((await source.trees.list({ serviceId, tree })).map(({ path }) => path))
  if (!files.has('package.json')) return []
  const texts = new Map<string, string | undefined>()
  for (const path of needed) if (files.has(path)) texts.set(path, (await source.trees.read({ serviceId, tree, path })).text)
  const read = (path: string) => texts.get(path)
  let plan
  try {
    plan = planInstall({ app: '', files, read, treeHash: tree }, resolveManifest(files, read, { built: false }), teamId)
  } catch {
    return [] // While someone types, package.json is broken at times.
  }
  if (plan?.kind !== 'npm') return []
  const modules = join(settings.home, 'cache/modules', plan.key, 'node_modules')
  const found: { path: string; text: string }[] = []
  let bytes = 0
  for (const name of namesOf(packageOf(files, read).dependencies)) {
    for (const file of await declarations(modules, name)) {
      bytes += file.text.length
      if (bytes > limitBytes) return found
      found.push(file)
    }
  }
  return found
}

/** A package's own, and what DefinitelyTyped calls it. */
function namesOf(dependencies: Record<string, string>): string[] {
  const named = Object.keys(dependencies).filter((name) => /^(@[\w.-]+\/)?[\w.-]+$/.test(name) && !name.includes('..'))
  return [...new Set(named.flatMap((name) => [name, `@types/${name.replace(/^@/, '').replace('/', '__')}`]))]
}

async function declarations(modules: string, name: string): Promise<{ path: string; text: string }[]> {
  const folder = join(modules, name)
  // A package's own scripts ran while it was installed: a link in its place could lead anywhere.
  if ((await realpath(folder).catch(() => '')) !== (await realpath(modules).catch(() => '-')) + `/${name}`) return []
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const wanted = entries.filter((entry) => entry.isFile() && (/\.d\.[cm]?ts$/.test(entry.name) || entry.name === 'package.json'))
  const files = await Promise.all(
    wanted.slice(0, 3_000).map(async (entry) => {
      const path = relative(modules, join(entry.parentPath, entry.name))
      const text = await readText(modules, path, 2 ** 20).catch(() => undefined)
      return text === undefined ? [] : [{ path: `node_modules/${path}`, text }]
    }),
  )
  return files.flat()
}
