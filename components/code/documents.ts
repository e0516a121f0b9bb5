import { errorOf } from '#client/errors.ts'
import type { SourceFile, TreeEntry } from '#contract/source.ts'
import type { Draft } from './draft.ts'
import { takeEarly } from './early-file.ts'
import { DraftSaver, type SaveState } from './draft-saver.ts'
import { LocalCopies } from './local-copies.ts'
import { monaco, uriOf } from './monaco.ts'

/** A text file of the draft that is being edited. */
export interface Document {
  path: string
  model: monaco.editor.ITextModel
  saver: DraftSaver
}

/** Binary, or too large to be edited: it has a size and can be downloaded. */
interface Opaque {
  path: string
  size: number
  binary: boolean
}

/** What is done with a saved draft, by itself or with what is saved on the way. */
export interface Start<T> {
  alone(): Promise<T>
  saving(save: {
    path: string
    text: string
    expected: string | null
  }): Promise<{ started: T; saved: { hash: string } }>
}

export type Loaded = { document: Document } | { opaque: Opaque }

/** All files of one draft that are open, in tabs or behind them. Their texts are Monaco's models; each has its saver. */
export class Documents {
  readonly #draft: Draft
  readonly #name: string
  readonly #copies: LocalCopies
  readonly #open = new Map<string, Document>()
  readonly #loading = new Map<string, Promise<Loaded>>()
  readonly #listeners = new Set<() => void>()
  #version = 0
  #closed = false

  constructor(draft: Draft, name: string) {
    this.#draft = draft
    this.#name = name
    this.#copies = new LocalCopies(name)
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  /** Changes with each change of a state; for `useSyncExternalStore`. */
  readonly version = (): number => this.#version

  get(path: string): Document | undefined {
    return this.#open.get(path)
  }
  all(): Document[] {
    return [...this.#open.values()]
  }
  state(path: string): SaveState | undefined {
    return this.#open.get(path)?.saver.state
  }
  get noRoom(): boolean {
    return this.#copies.full
  }

  load(path: string): Promise<Loaded> {
    const open = this.#open.get(path)
    if (open !== undefined) return Promise.resolve({ document: open })
    const loading = this.#loading.get(path) ?? this.#load(path).finally(() => this.#loading.delete(path))
    this.#loading.set(path, loading)
    return loading
  }

  /** Files that an earlier page could not save are opened again at once, so that they are saved now. */
  restore(): void {
    for (const path of this.#copies.paths()) void this.load(path).catch(() => {})
  }

  /** @throws PlatformError of the first that could not be saved */
  async flush(): Promise<void> {
    await Promise.all(this.all().map(({ saver }) => saver.flush()))
  }

  /** Saves all, and starts what is to be done with it: together with the last save where it is the only one. @throws PlatformError as {@link flush}, or why it was not started */
  async flushInto<T>(start: Start<T>): Promise<T> {
    const [only, ...others] = this.all().filter(({ saver }) => !saver.isClean)
    if (only?.saver.state.name !== 'dirty' || others.length > 0) {
      await this.flush()
      return start.alone()
    }
    let started: Promise<T> | undefined
    await only.saver.flush(async (text, expected) => {
      const saving = start.saving({ path: only.path, text, expected })
      started = saving.then(({ started }) => started)
      started.catch(() => {}) // told below, or by the save
      return saving.then(
        ({ saved }) => saved,
        (error: unknown) => {
          if (errorOf(error).field === 'path') throw error
          // What was typed is saved whatever became of the rest.
          return this.#draft.save(only.path, text, expected)
        },
      )
    })
    return started ?? start.alone()
  }

  /** Saves in the background what there is to save. */
  nudge(path?: string): void {
    const some = path === undefined ? this.all() : this.all().filter((one) => one.path === path)
    for (const { saver } of some)
      if (saver.state.name === 'dirty' || saver.state.name === 'waiting') saver.flush().catch(() => {})
  }

  /** Closes one whose text the platform has; others stay behind until it does. */
  release(path: string): void {
    const document = this.#open.get(path)
    if (document?.saver.isClean) this.#drop(document)
  }

  /** A file or folder that is gone, or moved: what was saved of it is elsewhere now. */
  forget(path: string): void {
    for (const document of this.all())
      if (document.path === path || document.path.startsWith(`${path}/`)) {
        this.#copies.keep(document.path, null)
        this.#drop(document)
      }
  }

  /** Reads files again that another window, a merge or a discard changed, except those that are being typed in. */
  follow(tree: readonly TreeEntry[]): void {
    const hashes = new Map(tree.map(({ path, hash }) => [path, hash]))
    for (const document of this.all()) {
      const { saver, path } = document
      if (!saver.isClean || hashes.get(path) === saver.hash) continue
      const saves = saver.saves
      // The tree may be older than our last save: what is there now decides.
      void this.#draft.read(path).then(
        (file) => {
          if (saver.isClean && saver.saves === saves && file.hash !== saver.hash && file.text !== null)
            this.take(document, file)
        },
        () => {
          if (saver.isClean && saver.saves === saves && !hashes.has(path)) this.#drop(document)
        },
      )
    }
  }

  take({ model, saver }: Document, { text, hash }: Pick<SourceFile, 'text' | 'hash'>): void {
    saver.take(text ?? '', hash)
    if (model.getValue() !== text) setText(model, text ?? '')
  }

  close(): void {
    this.#closed = true
    this.#copies.close()
    for (const document of this.all()) this.#drop(document)
  }

  async #load(path: string): Promise<Loaded> {
    const copy = this.#copies.get(path)
    const file = await (takeEarly(`${this.#name} ${path}`) ?? this.#draft.read(path)).catch((error: unknown) => {
      // Deleted meanwhile, with something typed and not saved: that is for the person to decide.
      if (copy !== undefined) return { path, hash: null, size: 0, text: '', binary: false }
      throw error
    })
    if (file.text === null) return { opaque: { path, size: file.size, binary: file.binary } }
    if (this.#closed) throw new Error('the draft was closed')
    const uri = uriOf(path)
    monaco.editor.getModel(uri)?.dispose()
    const model = monaco.editor.createModel(file.text, languageOf(path), uri)
    const document: Document = {
      path,
      model,
      saver: new DraftSaver({
        text: model.getValue(),
        hash: file.hash,
        save: (text, expected) => this.#draft.save(path, text, expected),
        keep: (next) => this.#copies.keep(path, next),
        onChange: () => this.#tell(),
      }),
    }
    this.#open.set(path, document)
    if (copy !== undefined) {
      setText(model, copy.text)
      document.saver.restore(copy)
    }
    model.onDidChangeContent(() => document.saver.edit(model.getValue()))
    this.#tell()
    return { document }
  }

  #drop(document: Document): void {
    document.saver.close()
    // Monaco remembers what it found in a text that is gone.
    for (const owner of new Set(
      monaco.editor.getModelMarkers({ resource: document.model.uri }).map((marker) => marker.owner),
    ))
      monaco.editor.setModelMarkers(document.model, owner, [])
    document.model.dispose()
    if (this.#open.get(document.path) === document) this.#open.delete(document.path)
    this.#tell()
  }

  #tell(): void {
    this.#version += 1
    for (const listener of this.#listeners) listener()
  }
}

/** As an edit, so that undo, cursors and marks stay. */
function setText(model: monaco.editor.ITextModel, text: string): void {
  model.pushEditOperations([], [{ range: model.getFullModelRange(), text }], () => null)
}

const byName: Record<string, string> = {
  dockerfile: 'dockerfile',
  makefile: 'shell',
  '.env': 'ini',
  '.gitignore': 'ini',
  '.npmrc': 'ini',
}

export function languageOf(path: string): string {
  const name = path.split('/').at(-1)?.toLowerCase() ?? ''
  const known = byName[name]
  if (known !== undefined) return known
  const end = name.slice(name.lastIndexOf('.'))
  return monaco.languages.getLanguages().find(({ extensions }) => extensions?.includes(end))?.id ?? 'plaintext'
}

export const isCode = (path: string): boolean => /\.[cm]?[jt]sx?$/.test(path)
