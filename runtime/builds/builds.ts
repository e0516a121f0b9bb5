import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { mkdir, readdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { readmeOf, resolveManifest } from '#contract/convention.ts'
import { PlatformError } from '#contract/errors.ts'
import { syncTree, writeDurably } from '#sdk/compile/durable.ts'
import { transformTree } from '#sdk/compile/transform.ts'
import { listFiles, readText } from '#sdk/compile/tree-files.ts'
import { buildPlatformDir } from '#sdk/platform/platform-folder.ts'
import type { Engine } from '../engines/engine.ts'
import type { OperatorRegistry } from '../engines/operator-registry.ts'
import { settingsOf } from './build.ts'
import type { Build, BuildRequest } from './build.ts'
import { commandOf } from './command.ts'
import { buildLine, compile } from './compile.ts'
import { Dependencies, planInstall } from './dependencies.ts'
import type { InstallPlan, Tree } from './dependencies.ts'
import { type JobLimits, Jobs } from './jobs.ts'
import { laps } from './laps.ts'
import { dropUntrusted, openDownloads } from './folders.ts'
import { sweepBuilds } from './sweep.ts'
import { ofPlatform, type Trust } from './trust.ts'

export type { Build, BuildRequest } from './build.ts'

const aheadMs = 10_000
const tooMuch = new Error('it is not built ahead of its deployment')

/** Raised when the same files would now be built into something else. */
const form = 'build-3'

export interface BuildsOptions {
  /** $M3O_HOME: `builds/` and `cache/` are ours. */
  home: string
  engine: Engine
  /** How the operator reaches packages: for builds, never for services. */
  registry: Pick<OperatorRegistry, 'env' | 'binds'>
  log: Pick<Logger, 'info' | 'warn'>
  /** Throws when a team may use no more of the disk. */
  requireRoom?: (teamId: string) => void
  /** Of one tool that runs: see jobs.ts. */
  limits?: Partial<JobLimits>
}

/** Sweeps what a killed runtime left half made, once nothing writes to it any more, and makes the folder that every sandbox has at /m3o. */
export async function openBuilds(options: BuildsOptions): Promise<Builds> {
  const { home, engine } = options
  await Promise.all(
    engine
      .list()
      .filter(({ job }) => job)
      .map(({ id }) => engine.remove(id)),
  )
  for (const folder of ['builds', 'cache/modules', 'cache/platform']) {
    await mkdir(join(home, folder), { recursive: true, mode: 0o700 })
    const left = (await readdir(join(home, folder))).filter((name) => name.startsWith('.making-'))
    await Promise.all(left.map((name) => rm(join(home, folder, name), { recursive: true, force: true })))
  }
  await rm(join(home, 'cache/jobs'), { recursive: true, force: true })
  await dropUntrusted(join(home, 'cache'))
  await mkdir(join(home, 'cache/empty'), { recursive: true, mode: 0o755 })
  return new Builds(options, await buildPlatformDir(join(home, 'cache/platform')))
}

interface Making {
  build: Promise<Build>
  listeners: Set<Pick<BuildRequest, 'onLine' | 'onPart'>>
  cancel: AbortController
  waiting: number
}

export class Builds {
  readonly #options: BuildsOptions
  readonly #jobs: Jobs
  readonly #dependencies: Dependencies
  readonly #making = new Map<string, Making>()
  readonly #known = new Map<string, Build>()
  readonly #keeping = new Map<string, Promise<void>>()
  /** Bound at /m3o in every sandbox. */
  readonly platformDir: string

  constructor(options: BuildsOptions, platformDir: string) {
    this.#options = options
    this.platformDir = platformDir
    this.#jobs = new Jobs(options.engine, join(options.home, 'cache/jobs'), options.registry, options.limits)
    this.#dependencies = new Dependencies(this.#jobs, join(options.home, 'cache'))
  }

  /**
   * The build of a tree. The same tree is built once in each trust class: what is there and trusted is given back, and those
   * who ask meanwhile share one build, which ends early only when all of them have given up.
   * Throws `invalid_manifest`, `build_failed` (data: file, line, column, or exitCode and lines), or the signal's reason.
   */
  async build(request: BuildRequest, ahead = false): Promise<Build> {
    const { own, reads } = request.trust
    for (const trust of reads) {
      const there = this.#there(idOf(trust, request))
      if (there?.trust !== trust) continue
      void utimes(join(this.#folder(there.id), 'build.json'), new Date(), new Date()).catch(() => {})
      return there
    }
    const id = idOf(own, request)
    let making = this.#making.get(id)
    if (!making) {
      const cancel = new AbortController()
      const listeners: Making['listeners'] = new Set()
      const build = this.#make({
        ...request,
        ahead,
        signal: cancel.signal,
        onLine: (line) => listeners.forEach((each) => each.onLine?.(line)),
        onPart: (part) => listeners.forEach((each) => each.onPart?.(part)),
      }).finally(() => this.#forget(id, cancel))
      build.catch(() => {})
      this.#making.set(id, (making = { build, listeners, cancel, waiting: 0 }))
    }
    // One that was begun ahead of its deployment, and would have been too much for that, is built for it now.
    return this.#share(id, making, request).catch((error: unknown) => {
      if (error !== tooMuch || ahead) throw error
      return this.build(request)
    })
  }

  async #share(id: string, making: Making, request: BuildRequest): Promise<Build> {
    const { signal } = request
    making.listeners.add(request)
    making.waiting += 1
    const given = new Promise<never>((_, reject) => {
      if (signal?.aborted) reject(signal.reason)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    try {
      return await Promise.race([making.build, given])
    } finally {
      making.listeners.delete(request)
      making.waiting -= 1
      if (making.waiting === 0) {
        this.#forget(id, making.cancel)
        making.cancel.abort(new PlatformError('cancelled', 'the build was cancelled'))
      }
    }
  }

  /** Its last file is written when all else of it is on the disk: without that, it is no build after the next start. */
  #keep(build: Build, folder: string): void {
    const keeping = syncTree(folder).then(() => writeDurably(join(folder, 'build.json'), JSON.stringify(build)))
    this.#keeping.set(build.id, keeping)
    // One that could not be written stays refused until it is built anew.
    keeping.then(
      () => this.#keeping.delete(build.id),
      () => this.#known.delete(build.id),
    )
  }

  /** Resolves when it is there for good. Until then it can be started, but nothing that is to last may name it. */
  async kept(id: string): Promise<void> {
    await this.#keeping.get(id)
  }

  /** It has ended, or is being ended: whoever asks from now on begins another. */
  #forget(id: string, cancel: AbortController): void {
    if (this.#making.get(id)?.cancel === cancel) this.#making.delete(id)
  }

  /**
   * Builds a tree that may be deployed next, in so far as nothing is installed, run or large: who deploys it then waits for
   * the rest of that, or for nothing. What cannot be built is said to whoever deploys it.
   */
  async ahead(request: Omit<BuildRequest, 'onLine' | 'signal'>): Promise<Build | undefined> {
    return this.build({ ...request, signal: AbortSignal.timeout(aheadMs) }, true).catch(() => undefined)
  }

  /** Installs what a draft asks for, where the next build finds it; throws `build_failed`. Not for a plan that needs the whole tree. */
  async install(plan: InstallPlan, { teamId, trust }: { teamId: string; trust: Trust }): Promise<void> {
    this.#options.requireRoom?.(teamId)
    await this.#dependencies.install(plan, {
      teamId,
      trust,
      app: join(this.#options.home, 'cache/empty'),
      platformDir: this.platformDir,
      onLine: () => {},
      signal: new AbortController().signal,
    })
  }

  /** One that was made before. Throws `not_found`. */
  async read(id: string): Promise<Build> {
    const build = this.#there(id)
    if (build === undefined)
      throw new PlatformError('not_found', `the build ${id} was removed`, { fix: 'Deploy the revision again.' })
    return build
  }

  #there(id: string): Build | undefined {
    const known = this.#known.get(id)
    if (known) return known
    const file = /^b_[0-9a-f]{32}$/.test(id) ? join(this.#folder(id), 'build.json') : undefined
    // Mostly it is known, or not there: asking the kernel at once is quicker than asking another thread to.
    const text = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : undefined
    if (text === undefined) return undefined
    const build = this.#asHere(JSON.parse(text) as Build)
    this.#known.set(id, build)
    return build
  }

  /** Deletes what was not used for long, oldest first, beyond `keepBytes`; never what is in `used` (ids of builds). `classes`: those that something can still be built in. */
  async sweep({
    used,
    classes,
    keepBytes = 5 * 2 ** 30,
  }: {
    used: ReadonlySet<string>
    classes: ReadonlySet<string>
    keepBytes?: number
  }): Promise<void> {
    const removed = await sweepBuilds(this.#options.home, {
      classes,
      used: new Set([...used, ...this.#making.keys(), ...this.#keeping.keys()]),
      keepBytes,
    })
    for (const id of removed.builds) this.#known.delete(id)
    if (removed.builds.length + removed.modules.length > 0) this.#options.log.info(removed, 'old builds were removed')
  }

  /** The platform's own files are those of today, whenever the build was made; and it may have been made in another home, before a restore. */
  #asHere(build: Build): Build {
    const modules = 'cache/modules/'
    const moved = (path: string) =>
      path.includes(`/${modules}`) ? join(this.#options.home, path.slice(path.lastIndexOf(`/${modules}`))) : path
    return {
      ...build,
      platformDir: this.platformDir,
      sourceDir: join(this.#folder(build.id), 'app'),
      ...(build.buildDir !== undefined && { buildDir: join(this.#folder(build.id), 'js') }),
      ...(build.modulesDir !== undefined && { modulesDir: moved(build.modulesDir) }),
      binds: build.binds.map((bind) => ({ ...bind, host: moved(bind.host) })),
    }
  }

  #folder(id: string): string {
    return join(this.#options.home, 'builds', id)
  }

  async #make(
    request: BuildRequest & { ahead: boolean; signal: AbortSignal } & Required<Pick<BuildRequest, 'onLine' | 'onPart'>>,
  ): Promise<Build> {
    const { home, requireRoom } = this.#options
    requireRoom?.(request.teamId)
    const { teamId, trust, treeHash, signal, onLine, onPart } = request
    const lap = laps({ push: onPart })
    const making = mkdtempSync(join(home, 'builds/.making-'))
    const app = join(making, 'app')
    try {
      const { skipped } = await request.exportTree(app)
      for (const path of skipped) onLine(`skipped: ${path} (a link that points outside the service, or a submodule)`)
      signal.throwIfAborted()
      const tree = await readTree(app, treeHash)
      lap('source')
      const asked = resolveManifest(tree.files, tree.read, { built: false })
      const line = buildLine(asked)
      const plan = planInstall(tree, asked, teamId)
      if (request.ahead && (line !== undefined || (plan && !(await this.#dependencies.has(plan, trust))))) throw tooMuch
      const job = { teamId, trust, app, platformDir: this.platformDir, onLine, signal }
      const installed = plan && (await this.#dependencies.install(plan, job))
      lap('dependencies')
      const modulesDir = plan?.kind === 'npm' ? installed : undefined
      if (line)
        await compile(this.#jobs, line, {
          ...job,
          empty: join(home, 'cache/empty'),
          downloads: await openDownloads(join(home, 'cache'), trust.own),
          ...(modulesDir && { modulesDir }),
        })
      lap('command')
      const paths = line ? await listFiles(app) : [...tree.files]
      const resolved = resolveManifest(paths, tree.read)
      const { files } = await transformTree({
        app,
        into: join(making, 'js'),
        cache: join(home, 'cache/transform'),
        paths,
      })
      signal.throwIfAborted()
      lap('code')
      const keepsData = await mentions(app, paths, 'M3O_DATA')
      // No sandbox has written to it: it holds for all of the team.
      const made = line === undefined && plan === undefined ? ofPlatform(teamId) : trust.own
      const id = idOf(made, request)
      const folder = this.#folder(id)
      const build: Build = {
        id,
        key: id.slice(2),
        teamId,
        trust: made,
        language: resolved.runtime,
        description: resolved.description ?? '',
        keepsData,
        manifest: resolved.manifest,
        settings: settingsOf(resolved.manifest),
        locked: resolved.locked,
        health: resolved.health,
        pids: resolved.pids,
        sourceDir: join(folder, 'app'),
        platformDir: this.platformDir,
        skipped,
        madeAt: Date.now(),
        readAhead: await readAhead(app, paths),
        ...(line === undefined && { committedTree: treeHash }),
        ...(modulesDir !== undefined && { modulesDir }),
        ...(Object.keys(files).length > 0 && { buildDir: join(folder, 'js') }),
        binds: [...(plan?.kind === 'pip' && installed ? [{ host: installed, inside: '/m3o/python' }] : [])],
        ...commandOf(resolved, modulesDir !== undefined),
      }
      const there = this.#there(id)
      if (there) {
        await rm(making, { recursive: true, force: true })
        return there
      }
      // At once, as another environment's build of the same files may come here at the same time.
      rmSync(folder, { recursive: true, force: true })
      renameSync(making, folder)
      this.#known.set(id, build)
      this.#keep(build, folder)
      return build
    } catch (error) {
      await rm(making, { recursive: true, force: true })
      throw error
    }
  }
}

/** The same files in the same class are the same build. */
function idOf(trust: string, { teamId, treeHash }: Pick<BuildRequest, 'teamId' | 'treeHash'>): string {
  return `b_${createHash('sha256').update([form, teamId, trust, treeHash].join('\0')).digest('hex').slice(0, 32)}`
}

/** By name, and how large they may be: all of them are held in memory at once. */
const describing: Readonly<Record<string, number>> = {
  'm3o.json': 2 ** 20,
  'package.json': 2 ** 20,
  '.npmrc': 2 ** 20,
  'requirements.txt': 2 ** 20,
  'pyproject.toml': 2 ** 20,
  'package-lock.json': 20 * 2 ** 20,
  'npm-shrinkwrap.json': 20 * 2 ** 20,
}

/** Names of all files, texts of those that say how to build. */
async function readTree(app: string, treeHash: string): Promise<Tree> {
  const files = new Set(await listFiles(app))
  const texts = new Map<string, string | undefined>()
  for (const [path, limit] of Object.entries(describing)) {
    if (!files.has(path)) continue
    const text = await readText(app, path, limit)
    if (text === undefined)
      throw new PlatformError('invalid_manifest', `${path} is larger than ${limit >> 20} MB`, {
        fix: `Make ${path} smaller.`,
      })
    texts.set(path, text)
  }
  // The one that is read; there may be many that differ by the case of their letters.
  const readme = readmeOf(files)
  if (readme !== undefined) texts.set(readme, await readText(app, readme, 2 ** 20))
  for (const name of ['m3o.json', 'package.json']) {
    // As a link it would mean something else here than in the sandbox.
    const stat = files.has(name) ? undefined : lstatSync(join(app, name), { throwIfNoEntry: false })
    if (stat)
      throw new PlatformError('invalid_manifest', `${name} must be a plain file`, { fix: `Replace ${name} by a file.` })
  }
  return { app, files, treeHash, read: (path) => texts.get(path) }
}

/** Node keeps what it once read of a package.json, and packages such as dotenv read these when they are loaded. */
async function readAhead(app: string, paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    if (/(^|\/)(package\.json|\.env[^/]*)$/.test(path)) hash.update(`${path}\0${(await readText(app, path)) ?? ''}\0`)
  }
  return hash.digest('hex')
}

const prose = /\.(md|txt|lock|svg|png|jpe?g|gif|pdf|zip|gz|woff2?)$|(^|\/)package-lock\.json$/i

async function mentions(app: string, paths: readonly string[], word: string): Promise<boolean> {
  for (const path of paths) {
    if (!prose.test(path) && (await readText(app, path, 2 ** 20))?.includes(word)) return true
  }
  return false
}
