import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { packageOf, resolveManifest } from '#contract/convention.ts'
import { planInstall } from '../builds/dependencies.ts'

/** What a service's package.json asks for, and where a build has installed it. */
export interface Dependencies {
  /** Names of all packages that are declared: their absence is not the author's mistake. */
  declared: string[]
  /** Folder `node_modules` of a build with the same dependencies; undefined until there was one. */
  modules: string | undefined
}

export interface DependencyInput {
  home: string
  teamId: string
  tree: string
  files: ReadonlySet<string>
  /** Texts of package.json, the lock files, .npmrc and m3o.json. */
  read: (path: string) => string | undefined
}

export const decidingFiles = ['package.json', 'package-lock.json', 'npm-shrinkwrap.json', '.npmrc', 'm3o.json']

/** While somebody types, package.json is broken at times: then nothing is declared. */
export async function dependenciesOf({ home, teamId, tree, files, read }: DependencyInput): Promise<Dependencies> {
  if (!files.has('package.json')) return { declared: [], modules: undefined }
  try {
    const { dependencies, devDependencies } = packageOf(files, read)
    const declared = Object.keys({ ...dependencies, ...devDependencies })
    const plan = planInstall({ app: '', files, read, treeHash: tree }, resolveManifest(files, read, { built: false }), teamId)
    if (plan?.kind !== 'npm') return { declared, modules: undefined }
    const modules = join(home, 'cache/modules', plan.key, 'node_modules')
    return { declared, modules: await access(modules).then(() => modules, () => undefined) }
  } catch {
    return { declared: [], modules: undefined }
  }
}
