import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { listFolder } from '../folder/list.ts'

const settleMs = 20
const pollMs = 1_000

/** Notices when the files of a folder that would be deployed are not as they were. */
export class FolderWatch {
  readonly #folder: string
  readonly #onChange: () => void
  readonly #watched = new Map<string, FSWatcher>()
  /** Written by the service's own build: they change by being built. */
  readonly #products = new Set<string>()
  #known = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #poll: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()
  #closed = false

  constructor(folder: string, onChange: () => void) {
    this.#folder = folder
    this.#onChange = onChange
  }

  /** The files as they are; from then on what differs from that is a change. */
  async begin(): Promise<string[]> {
    this.#known = await this.#read()
    this.#follow()
    return [...this.#known.keys()]
  }

  /** What changed meanwhile was made by the build that has just ended. */
  async noteProducts(): Promise<void> {
    const now = await this.#read()
    for (const [path, mark] of now) if (this.#known.get(path) !== mark) this.#products.add(path)
    this.#known = now
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearInterval(this.#poll)
    for (const watcher of this.#watched.values()) watcher.close()
    this.#watched.clear()
  }

  /** Each folder by itself: what is not deployed, such as node_modules, costs nothing. */
  #follow(): void {
    if (this.#closed) return
    const wanted = new Set(['.', ...[...this.#known.keys()].map((path) => dirname(path))])
    for (const [path, watcher] of this.#watched) {
      if (wanted.has(path)) continue
      watcher.close()
      this.#watched.delete(path)
    }
    for (const path of wanted) {
      if (this.#watched.has(path)) continue
      try {
        const watcher = watch(join(this.#folder, path), () => this.#soon())
        watcher.on('error', () => {
          watcher.close()
          this.#watched.delete(path)
        })
        this.#watched.set(path, watcher)
      } catch {
        // No watches are left on this machine: it is looked at once a second instead.
        this.#poll ??= setInterval(() => this.#soon(), pollMs)
      }
    }
  }

  #soon(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#looking = this.#looking.then(() => this.#look()).catch(() => {})
    }, settleMs)
  }

  async #look(): Promise<void> {
    const now = await this.#read()
    if (this.#closed) return
    const changed =
      [...now].some(([path, mark]) => this.#known.get(path) !== mark && !this.#products.has(path)) ||
      [...this.#known.keys()].some((path) => !now.has(path) && !this.#products.has(path))
    this.#known = now
    this.#follow()
    if (changed) this.#onChange()
  }

  async #read(): Promise<Map<string, string>> {
    const paths = await listFolder(this.#folder)
    const marks = await Promise.all(
      paths.map(async (path) => {
        const found = await stat(join(this.#folder, path), { bigint: true }).catch(() => undefined)
        return found === undefined ? undefined : ([path, `${found.mtimeNs} ${found.size} ${found.ino}`] as const)
      }),
    )
    return new Map(marks.filter((mark) => mark !== undefined))
  }
}
