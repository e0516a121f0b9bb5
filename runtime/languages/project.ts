import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isPlatformError } from '#contract/errors.ts'
import type { Source } from '../source/source.ts'
import { pathFault } from '../source/path.ts'

/** What a TypeScript server reads of a tree. */
const read = /\.([cm]?[jt]sx?|json)$/
const maxFiles = 20_000
const maxBytes = 200 << 20

/** For services without one. What a service may be written like is what the platform runs: see sdk/compile/transform.ts. */
const defaultConfiguration = JSON.stringify({
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable'],
    module: 'esnext',
    moduleResolution: 'bundler',
    strict: true,
    allowJs: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    jsx: 'react-jsx',
    skipLibCheck: true,
    resolveJsonModule: true,
    esModuleInterop: true,
    verbatimModuleSyntax: false,
    types: ['node'],
  },
  exclude: ['node_modules', 'dist', 'build'],
})

export interface Change {
  path: string
  /** As the protocol counts them. */
  type: 1 | 2 | 3
}

type Files = Pick<Source, 'trees'>

/** A draft's code as files, for a program that knows nothing of git. Only regular files: no link of the tree is made. */
export class Project {
  readonly folder: string
  readonly #source: Files
  readonly #serviceId: string
  readonly #written = new Map<string, string>()
  #bytes = 0
  /** The configuration in the folder is the platform's, not the tree's. */
  #configured = false

  private constructor(folder: string, source: Files, serviceId: string) {
    this.folder = folder
    this.#source = source
    this.#serviceId = serviceId
  }

  static async open(
    parent: string,
    source: Files,
    { serviceId, tree }: { serviceId: string; tree: string },
  ): Promise<Project> {
    await mkdir(parent, { recursive: true, mode: 0o700 })
    const folder = await mkdtemp(join(parent, 'project-'))
    const project = new Project(folder, source, serviceId)
    await mkdir(join(folder, 'app/node_modules'), { recursive: true, mode: 0o755 })
    await project.follow(tree)
    return project
  }

  /** Writes and deletes what another tree has otherwise; says what changed. */
  async follow(tree: string): Promise<Change[]> {
    const listed = await this.#source.trees.list({ serviceId: this.#serviceId, tree })
    const wanted = new Map(
      listed
        .filter(
          ({ path, kind }) =>
            (kind === 'file' || kind === 'executable') &&
            read.test(path) &&
            !path.includes('node_modules/') &&
            pathFault(path) === undefined,
        )
        .slice(0, maxFiles)
        .map(({ path, hash }) => [path, hash]),
    )
    const changes: Change[] = []
    for (const path of this.#written.keys()) {
      if (wanted.has(path)) continue
      await rm(this.#place(path), { recursive: true, force: true })
      this.#written.delete(path)
      changes.push({ path, type: 3 })
    }
    for (const [path, hash] of wanted) {
      const before = this.#written.get(path)
      if (before === hash) continue
      if (await this.#write(path, tree)) changes.push({ path, type: before === undefined ? 1 : 2 })
      this.#written.set(path, hash)
    }
    return [...changes, ...(await this.#configure(wanted))]
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  async #write(path: string, tree: string): Promise<boolean> {
    const file = await this.#source.trees.read({ serviceId: this.#serviceId, tree, path }).catch((error: unknown) => {
      if (isPlatformError(error)) return undefined
      throw error
    })
    if (file?.text === undefined || this.#bytes + file.size > maxBytes) return false
    this.#bytes += file.size
    await mkdir(dirname(this.#place(path)), { recursive: true, mode: 0o755 })
    await writeFile(this.#place(path), file.text, { mode: 0o644 })
    return true
  }

  async #configure(files: ReadonlyMap<string, string>): Promise<Change[]> {
    const own = files.has('tsconfig.json') || files.has('jsconfig.json')
    const had = this.#configured
    this.#configured = !own
    if (own === !had) return []
    // With a tsconfig.json of its own, ours is overwritten; with a jsconfig.json it would win.
    if (own && !files.has('tsconfig.json')) await rm(this.#place('tsconfig.json'), { force: true })
    if (!own) await writeFile(this.#place('tsconfig.json'), defaultConfiguration, { mode: 0o644 })
    return [{ path: 'tsconfig.json', type: own ? 2 : 1 }]
  }

  #place(path: string): string {
    return join(this.folder, 'app', path)
  }
}
