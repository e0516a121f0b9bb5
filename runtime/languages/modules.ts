import { join } from 'node:path'
import { packageOf, resolveManifest } from '#contract/convention.ts'
import { findInstalled, planInstall, type InstallPlan } from '../builds/dependencies.ts'
import type { Trust } from '../builds/trust.ts'

/** What a service's package.json asks for, and where a build has installed it. */
export interface Dependencies {
  /** Names of all packages that are declared: their absence is not the author's mistake. */
  declared: string[]
  /** Folder `node_modules` of the same dependencies; undefined until they were installed. */
  modules: string | undefined
  /** What is to be installed for the editor to know all types; undefined when it is, or cannot be before it is built. */
  missing: InstallPlan | undefined
}

export interface DependencyInput {
  home: string
  teamId: string
  trust: Trust
  tree: string
  files: ReadonlySet<string>
  /** Texts of package.json, the lock files, .npmrc and m3o.json. */
  read: (path: string) => string | undefined
}

export const decidingFiles = ['package.json', 'package-lock.json', 'npm-shrinkwrap.json', '.npmrc', 'm3o.json']

const none: Dependencies = { declared: [], modules: undefined, missing: undefined }

/** While somebody types, package.json is broken at times: then nothing is declared. */
export async function dependenciesOf({
  home,
  teamId,
  trust,
  tree,
  files,
  read,
}: DependencyInput): Promise<Dependencies> {
  if (!files.has('package.json')) return none
  try {
    const { dependencies, devDependencies } = packageOf(files, read)
    const declared = Object.keys({ ...dependencies, ...devDependencies })
    const resolved = resolveManifest(files, read, { built: false })
    const plan = (development?: boolean) =>
      planInstall(
        { app: '', files, read, treeHash: tree },
        resolved,
        teamId,
        development === undefined ? {} : { development },
      )
    // With those for development, such as types; else what a build has installed, which is better than nothing.
    const [whole, built] = [plan(true), plan()]
    const installed = (one: InstallPlan | undefined) =>
      one?.kind === 'npm' ? findInstalled(join(home, 'cache'), one, trust) : undefined
    const there = await installed(whole)
    const modules = there ?? (await installed(built))
    const missing = whole?.kind === 'npm' && !whole.whole && there === undefined ? whole : undefined
    return { declared, modules, missing }
  } catch {
    return none
  }
}
