import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { packageOf } from '#contract/convention.ts'
import type { ReadText, Resolved } from '#contract/convention.ts'
import { PlatformError } from '#contract/errors.ts'
import { renameDurably, syncTree, writeDurably } from '#sdk/compile/durable.ts'
import { readText } from '#sdk/compile/tree-files.ts'
import type { Job, Jobs } from './jobs.ts'
import { noteResolved, openDownloads, resolvedAt } from './folders.ts'
import { failedInstall } from './install-error.ts'
import type { Trust } from './trust.ts'

export interface Tree {
  app: string
  files: ReadonlySet<string>
  read: ReadText
  treeHash: string
}

export interface InstallPlan {
  kind: 'npm' | 'pip'
  /** Of all that decides what is installed, and the team; where it is kept is its trust class's to say, as its own scripts run while installing. */
  key: string
  /** Files that the tool is given, beside which it installs. */
  given: Record<string, string>
  command: string
  /** Copy the whole tree beside them: it refers to folders of its own. */
  whole: boolean
}

/** What is to be installed; undefined when nothing is. `development`: also what is needed only to work on it. */
export function planInstall(
  tree: Tree,
  resolved: Resolved,
  teamId: string,
  { development = resolved.build !== undefined } = {},
): InstallPlan | undefined {
  if (tree.files.has('package.json')) return planNpm(tree, teamId, development)
  if (resolved.runtime === 'python') return planPip(tree, teamId)
  return undefined
}

const authorities = '/etc/ssl/certs/ca-certificates.crt'

const tooling = `node${process.versions.node.split('.')[0]}-1`

function planNpm({ files, read, treeHash }: Tree, teamId: string, development: boolean): InstallPlan | undefined {
  const all = packageOf(files, read)
  // The platform brings its SDK itself.
  const without = (list: Record<string, string>) =>
    Object.fromEntries(Object.entries(list).filter(([name]) => name !== '@m3o/sdk'))
  const withDevelopment = development && Object.keys(without(all.devDependencies)).length > 0
  const wanted = { ...without(all.dependencies), ...(withDevelopment && without(all.devDependencies)) }
  if (Object.keys(wanted).length === 0) return undefined
  const manifest = JSON.parse((read('package.json') ?? '{}').replace(/^\uFEFF/, '')) as Record<string, unknown>
  const whole =
    manifest.workspaces !== undefined ||
    Object.values(wanted).some((range) => /^(file|link|portal):|^[./~]/.test(range))
  const lock = ['package-lock.json', 'npm-shrinkwrap.json'].find((name) => files.has(name))
  // Its own scripts expect its sources, which are not here; its dependencies' scripts are run.
  const { scripts: _, ...rest } = manifest
  const slim =
    whole || lock
      ? rest
      : {
          ...rest,
          dependencies: without(strings(rest.dependencies)),
          devDependencies: without(strings(rest.devDependencies)),
        }
  const given: Record<string, string> = { 'package.json': JSON.stringify(slim) }
  for (const name of [lock, '.npmrc']) if (name && files.has(name)) given[name] = read(name) ?? ''
  const flags = `--no-audit --no-fund ${withDevelopment ? '--include=dev' : '--omit=dev'}`
  const { name: __, version: ___, description: ____, ...deciding } = slim
  return {
    kind: 'npm',
    key: keyOf([
      'npm',
      tooling,
      teamId,
      withDevelopment,
      JSON.stringify(deciding),
      given[lock ?? ''],
      given['.npmrc'],
      whole && treeHash,
    ]),
    given,
    command: lock ? `npm ci ${flags}` : `npm install ${flags}`,
    whole,
  }
}

function strings(value: unknown): Record<string, string> {
  return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {}
}

function planPip({ files, read, treeHash }: Tree, teamId: string): InstallPlan | undefined {
  const install =
    'python3 -m pip install --no-input --disable-pip-version-check --no-warn-script-location --target site-packages'
  const requirements = files.has('requirements.txt') ? (read('requirements.txt') ?? '') : undefined
  if (requirements?.split('\n').some((line) => line.trim() !== '' && !line.trim().startsWith('#'))) {
    const whole = /^[^\S\n]*(-r|-c|-e|\.|file:)/m.test(requirements)
    const key = keyOf(['pip', tooling, teamId, requirements, whole && treeHash])
    return {
      kind: 'pip',
      key,
      given: { 'requirements.txt': requirements },
      command: `${install} -r requirements.txt`,
      whole,
    }
  }
  const project = files.has('pyproject.toml') ? (read('pyproject.toml') ?? '') : ''
  if (!/^[^\S\n]*dependencies[^\S\n]*=[^\S\n]*\[\s*["'#\n]/m.test(project)) return undefined
  return {
    kind: 'pip',
    key: keyOf(['pip', tooling, teamId, project, treeHash]),
    given: {},
    command: `${install} .`,
    whole: true,
  }
}

const keyOf = (parts: unknown[]) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

interface Resolution {
  command: string
  /** Content of package-lock.json. */
  lock?: string
  /** The moment as of which versions are chosen. */
  before?: string
}

interface Installing extends Omit<Job, 'what' | 'command' | 'env' | 'binds' | 'sourceDir'> {
  app: string
  trust: Trust
}

/** Folders of installed dependencies, shared by the builds of a trust class that ask for the same. */
export class Dependencies {
  readonly #jobs: Jobs
  readonly #cache: string
  readonly #making = new Map<string, Promise<string>>()

  constructor(jobs: Jobs, cache: string) {
    this.#jobs = jobs
    this.#cache = cache
  }

  async has(plan: InstallPlan, trust: Trust): Promise<boolean> {
    return (await findInstalled(this.#cache, plan, trust)) !== undefined
  }

  /** The folder; installs when it is not there yet. Those who ask for the same at once share one installation. */
  async install(plan: InstallPlan, job: Installing): Promise<string> {
    const there = await findInstalled(this.#cache, plan, job.trust)
    if (there !== undefined) {
      await utimes(dirname(there), new Date(), new Date())
      return there
    }
    const folder = join(this.#cache, 'modules', job.trust.own, plan.key)
    const shared = this.#making.get(folder)
    if (shared) {
      job.onLine('waiting for another build that installs the same dependencies')
      // Had that one been cancelled, ours goes on by itself.
      return shared.catch(() => (job.signal.throwIfAborted(), this.install(plan, job)))
    }
    const making = this.#make(plan, job, folder).finally(() => this.#making.delete(folder))
    this.#making.set(folder, making)
    return making
  }

  async #make(plan: InstallPlan, job: Installing, folder: string, anew = false): Promise<string> {
    const modules = join(this.#cache, 'modules')
    await mkdir(dirname(folder), { recursive: true, mode: 0o700 })
    const downloads = await openDownloads(this.#cache, job.trust.own)
    const made = await mkdtemp(join(modules, '.making-'))
    try {
      for (const [name, content] of Object.entries(plan.given)) await writeFile(join(made, name), content)
      const { command, lock, before }: Resolution = anew ? { command: plan.command } : await this.#resolution(plan, job)
      if (lock !== undefined) await writeFile(join(made, 'package-lock.json'), lock)
      const copy = plan.whole ? 'cp -Rn /app/. /work/ && ' : ''
      job.onLine(`installing dependencies: ${command}`)
      const { exit, lines } = await this.#jobs.run({
        ...job,
        what: 'installing the dependencies',
        sourceDir: plan.whole ? job.app : await this.#empty(),
        command: ['/bin/sh', '-c', `cd /work && ${copy}${command}`],
        env: {
          // An unreachable registry is told within seconds.
          npm_config_fetch_retries: '2',
          npm_config_fetch_retry_mintimeout: '500',
          npm_config_fetch_retry_maxtimeout: '3000',
          // Where a company's own authority signs for the registry, the machine knows it.
          NODE_USE_SYSTEM_CA: '1',
          ...(existsSync(authorities) && { PIP_CERT: authorities }),
          npm_config_cache: '/downloads',
          npm_config_update_notifier: 'false',
          npm_config_progress: 'false',
          PIP_CACHE_DIR: '/downloads/pip',
          PIP_PROGRESS_BAR: 'off',
          CI: '1',
          NO_COLOR: '1',
        },
        binds: [
          { host: made, inside: '/work', writable: true },
          { host: downloads, inside: '/downloads', writable: true },
        ],
      })
      if (
        exit.exitCode !== 0 &&
        before !== undefined &&
        lines.some((line) => /npm error code (ETARGET|ENOVERSIONS)$/.test(line))
      ) {
        job.onLine('the registry has no publication dates: versions are resolved again for this environment')
        await rm(made, { recursive: true, force: true })
        return await this.#make(plan, job, folder, true)
      }
      if (exit.exitCode !== 0) throw failedInstall(plan.kind, exit, lines)
      const result = join(made, installed[plan.kind])
      // Only peer or optional dependencies, none of which was installed.
      if (!(await exists(result))) await mkdir(result)
      if (!(await lstat(result)).isDirectory())
        throw new PlatformError('build_failed', `installing the dependencies replaced ${installed[plan.kind]}`)
      const resolved = await readText(made, 'package-lock.json', 50 * 2 ** 20).catch(() => undefined)
      if (resolved && plan.kind === 'npm')
        await writeDurably(join(this.#cache, 'locks', job.trust.own, `${plan.key}.json`), resolved)
      await noteResolved(this.#cache, plan.key, new Date())
      await syncTree(made)
      await renameDurably(made, folder)
      return join(folder, installed[plan.kind])
    } catch (error) {
      await rm(made, { recursive: true, force: true })
      throw error
    }
  }

  /**
   * Without a lock file the first resolution is kept, even when its folder was swept. One that only a less trusted class knows
   * is not read, as a build may have written anything into it: what npm finds as of the moment of it is the same.
   */
  async #resolution(plan: InstallPlan, { trust, onLine }: Installing): Promise<Resolution> {
    const { command } = plan
    const before = await resolvedAt(this.#cache, plan.key)
    if (command.startsWith('npm install')) {
      for (const each of trust.reads) {
        const lock = await readFile(join(this.#cache, 'locks', each, `${plan.key}.json`), 'utf8').catch(() => undefined)
        if (lock !== undefined) return { command: command.replace('npm install', 'npm ci'), lock }
      }
      if (before !== undefined) return { command: `${command} --before=${before}`, before }
    }
    if (plan.kind === 'pip' && before !== undefined)
      onLine('versions that are not pinned are resolved again for this environment')
    return { command }
  }

  async #empty(): Promise<string> {
    const folder = join(this.#cache, 'empty')
    await mkdir(folder, { recursive: true, mode: 0o755 })
    return folder
  }
}

/** What was installed of it by a class that may be read, if any. */
export async function findInstalled(
  cache: string,
  { kind, key }: Pick<InstallPlan, 'kind' | 'key'>,
  { reads }: Trust,
): Promise<string | undefined> {
  for (const trust of reads) {
    const folder = join(cache, 'modules', trust, key)
    if (await exists(folder)) return join(folder, installed[kind])
  }
  return undefined
}

const installed = { npm: 'node_modules', pip: 'site-packages' } as const

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  )
