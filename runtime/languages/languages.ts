import type { Duplex } from 'node:stream'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import type { PlatformEvent } from '#contract/records.ts'
import type { Trust } from '../builds/trust.ts'
import type { Helper, Limits } from '../engines/engine.ts'
import { Locks } from '../source/locks.ts'
import type { Source } from '../source/source.ts'
import { type Install, InstallAhead } from './install-ahead.ts'
import { decidingFiles, dependenciesOf, type Dependencies } from './modules.ts'
import { type Program, serverLimits, startProgram } from './program.ts'
import { Project } from './project.ts'
import { Session } from './session.ts'
import { typesFolder } from './types-folder.ts'

export interface DraftName {
  serviceId: string
  environmentId: string
  userId: string
}

export interface LanguagesOptions {
  home: string
  source: Pick<Source, 'trees'>
  events: { listen(listener: (event: PlatformEvent) => void): () => void }
  log: { info(data: object, message: string): void; warn(data: object, message: string): void }
  /** The draft's tree as it is now, the team that owns the service, and what may be installed for it and where. */
  look(draft: DraftName): Promise<{ tree: string; teamId: string; trust: Trust }>
  /** Installs packages where builds that trust them look for them too. */
  install: Install
  /** The walls of a team, for a server that reads what it wrote. */
  helper(teamId: string, limits: Limits): Promise<Helper>
  /** How long an editor may be quiet. */
  idleMs?: number
  /** Servers at once; one more ends the one that was quiet the longest. */
  most?: number
  /** Of one person; one more ends that person's quietest. */
  mostOfPerson?: number
}

interface Open {
  draft: DraftName
  teamId: string
  session: Session
  project: Project
  dependencies: Dependencies
}

/** Language servers: one for each editor that is open on a draft, for as long as somebody types in it. */
export class Languages {
  readonly #with: Required<LanguagesOptions>
  readonly #folder: string
  readonly #open = new Set<Open>()
  readonly #locks = new Locks()
  readonly #ahead: InstallAhead<Open>
  readonly #timer: NodeJS.Timeout
  readonly #off: () => void
  #starting: string[] = []

  constructor(options: LanguagesOptions) {
    this.#with = { idleMs: 5 * 60_000, most: 12, mostOfPerson: 4, ...options }
    this.#ahead = new InstallAhead(options.install)
    this.#folder = join(options.home, 'languages')
    this.#off = options.events.listen((event) => this.#hear(event))
    this.#timer = setInterval(() => this.#sweep(), Math.min(30_000, this.#with.idleMs / 2)).unref()
  }

  /** Projects of servers that an earlier runtime left. */
  async clear(): Promise<void> {
    await rm(join(this.#folder, 'projects'), { recursive: true, force: true })
  }

  get count(): number {
    return this.#open.size
  }

  /** Serves an editor until it leaves, is idle, or the server ends. `accept` is called once all is ready. */
  async serve(draft: DraftName, accept: () => Duplex): Promise<void> {
    this.#makeRoom(draft.userId)
    this.#starting.push(draft.userId)
    let opened: { open: Open; program: Program }
    try {
      opened = await this.#start(draft, accept)
    } finally {
      this.#starting.splice(this.#starting.indexOf(draft.userId), 1)
    }
    const { open } = opened
    this.#open.add(open)
    try {
      // What was saved while it started.
      void this.#follow(open)
      await open.session.run(open.dependencies.declared)
    } finally {
      this.#open.delete(open)
      this.#ahead.forget(open)
      await open.project.close()
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#off()
    for (const { session } of this.#open) session.end()
    await this.clear()
  }

  async #start(draft: DraftName, accept: () => Duplex): Promise<{ open: Open; program: Program }> {
    const { source, log } = this.#with
    const [{ tree, teamId, trust }, types] = await Promise.all([this.#with.look(draft), typesFolder(this.#folder)])
    const [project, dependencies] = await Promise.all([
      Project.open(join(this.#folder, 'projects'), source, { serviceId: draft.serviceId, tree }),
      this.#dependencies(draft, { tree, teamId, trust }),
    ])
    try {
      const helper = await this.#with.helper(teamId, serverLimits)
      const program = await startProgram({
        folder: project.folder,
        types,
        modules: dependencies.modules,
        helper,
        onExit: () => {
          log.info({ ...draft }, 'a language server has ended')
          void helper.end()
        },
        onSay: (text) => log.info({ ...draft, text: text.slice(0, 2_000) }, 'a language server says'),
        onError: (error) => log.warn({ ...draft, err: error }, 'a language server cannot be run'),
      })
      return { program, open: { draft, teamId, project, dependencies, session: new Session(program, accept()) } }
    } catch (error) {
      await project.close()
      throw error
    }
  }

  async #dependencies(
    { serviceId }: DraftName,
    { tree, teamId, trust }: { tree: string; teamId: string; trust: Trust },
  ): Promise<Dependencies> {
    const { source, home } = this.#with
    const files = new Set((await source.trees.list({ serviceId, tree })).map(({ path }) => path))
    const texts = new Map<string, string | undefined>()
    for (const path of decidingFiles)
      if (files.has(path)) texts.set(path, (await source.trees.read({ serviceId, tree, path })).text)
    return dependenciesOf({ home, teamId, trust, tree, files, read: (path) => texts.get(path) })
  }

  #hear(event: PlatformEvent): void {
    if (event.type !== 'draft' && event.type !== 'deployment') return
    for (const open of this.#open) {
      const { serviceId, environmentId, userId } = open.draft
      if (
        event.type === 'draft' &&
        event.serviceId === serviceId &&
        event.environmentId === environmentId &&
        event.userId === userId
      )
        void this.#follow(open)
      // A build may have installed what was missing; a commit moves what an untouched draft shows.
      if (
        event.type === 'deployment' &&
        event.deployment.serviceId === serviceId &&
        (event.deployment.state === 'starting' || event.deployment.endedAt !== null)
      )
        void this.#follow(open)
    }
  }

  /** Brings the folder to where the draft is. */
  async #follow(open: Open): Promise<void> {
    try {
      await this.#locks.run(open.project.folder, async () => {
        if (!this.#open.has(open)) return
        const seen = await this.#with.look(open.draft)
        open.session.changed(await open.project.follow(seen.tree))
        const dependencies = await this.#dependencies(open.draft, seen)
        // Folders are mounted when a server starts: the editor opens another one by itself.
        if (dependencies.modules !== undefined && dependencies.modules !== open.dependencies.modules)
          return open.session.restart()
        this.#ahead.want(
          open,
          dependencies.missing && {
            plan: dependencies.missing,
            teamId: open.teamId,
            trust: seen.trust,
            tell: (state) => open.session.installs(state),
            onInstalled: () => void this.#follow(open),
          },
        )
        if (dependencies.missing === undefined) open.session.installs({ state: 'installed' })
        if (dependencies.declared.join() !== open.dependencies.declared.join())
          open.session.depends(dependencies.declared)
        open.dependencies = { ...dependencies, modules: open.dependencies.modules }
      })
    } catch (error) {
      this.#with.log.warn({ err: error, ...open.draft }, 'a language server could not follow its draft')
    }
  }

  #makeRoom(userId: string): void {
    const own = [...this.#open].filter(({ draft }) => draft.userId === userId)
    if (own.length + this.#starting.filter((one) => one === userId).length >= this.#with.mostOfPerson)
      this.#endQuietest(own)
    if (this.#open.size + this.#starting.length >= this.#with.most) this.#endQuietest([...this.#open])
  }

  #endQuietest(among: Open[]): void {
    const [quietest] = among.sort((a, b) => a.session.usedAt - b.session.usedAt)
    if (quietest === undefined || performance.now() - quietest.session.usedAt < 10_000) {
      throw new PlatformError('rate_limited', 'too many editors need a language server at once', {
        fix: 'The editor retries by itself.',
      })
    }
    quietest.session.end()
    this.#open.delete(quietest)
  }

  #sweep(): void {
    for (const { session } of this.#open) if (performance.now() - session.usedAt > this.#with.idleMs) session.end()
  }
}
