import { useSyncExternalStore } from 'react'

/**
 * What is open in the editor and how it is laid out; kept in this browser by person and draft, so a reload changes
 * nothing. A tab's key says what it shows.
 */
export type TabKey = `file:${string}` | `library:${string}` | `changes:${string}` | `commit:${string}:${string}`
export const fileTab = (path: string): TabKey => `file:${path}`
export const changesTab = (path: string): TabKey => `changes:${path}`
export const commitTab = (commit: string, path: string): TabKey => `commit:${commit}:${path}`
export const libraryTab = (uri: string): TabKey => `library:${uri}`

export const sides = ['files', 'search', 'changes', 'history'] as const
export type Side = (typeof sides)[number]
const panels = ['problems', 'deployment', 'logs', 'terminal'] as const
export type Panel = (typeof panels)[number]

export interface Layout {
  tabs: TabKey[]
  active: TabKey | null
  /** A tab that is replaced by the next file that is looked at. */
  preview: TabKey | null
  side: Side
  sideOpen: boolean
  sideWidth: number
  panel: Panel
  panelOpen: boolean
  panelHeight: number
  /** Folders of the tree that are open. */
  expanded: string[]
  /** The file whose history is shown; null for the whole service's. */
  historyOf: string | null
  /** The history side shows what was done to the draft, not the commits. */
  ofDraft: boolean
}

export interface Reveal {
  key: TabKey
  line: number
  column: number
  length: number
  focus: boolean
  count: number
}

const initial: Layout = {
  tabs: [],
  active: null,
  preview: null,
  side: 'files',
  sideOpen: true,
  sideWidth: 248,
  panel: 'problems',
  panelOpen: false,
  panelHeight: 240,
  expanded: [],
  historyOf: null,
  ofDraft: false,
}

export class Workspace {
  readonly #name: string
  readonly #listeners = new Set<() => void>()
  #layout: Layout
  /** Tabs by when they were last in front, for what comes up when one is closed. */
  #recent: TabKey[] = []
  /** Closed ones, the last first; until the page goes. */
  #closed: TabKey[] = []
  reveal: Reveal | null = null

  constructor(name: string, first: { narrow: boolean }) {
    this.#name = `m3o layout ${name}`
    this.#layout = { ...initial, ...read(this.#name), ...(first.narrow && { sideOpen: false }) }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  readonly get = (): Layout => this.#layout

  set(change: Partial<Layout>): void {
    this.#layout = { ...this.#layout, ...change }
    if (this.#layout.active !== null)
      this.#recent = [this.#layout.active, ...this.#recent.filter((key) => key !== this.#layout.active)]
    try {
      localStorage.setItem(this.#name, JSON.stringify(this.#layout))
    } catch {
      // A layout that is not kept is no loss.
    }
    for (const listener of this.#listeners) listener()
  }

  open(
    key: TabKey,
    options: { at?: { line: number; column?: number; length?: number }; preview?: boolean; focus?: boolean } = {},
  ): void {
    const { tabs, preview, active } = this.#layout
    const { at, focus = true } = options
    if (at !== undefined)
      this.reveal = {
        key,
        line: at.line,
        column: at.column ?? 1,
        length: at.length ?? 0,
        focus,
        count: (this.reveal?.count ?? 0) + 1,
      }
    else if (focus) this.reveal = { key, line: 0, column: 0, length: 0, focus, count: (this.reveal?.count ?? 0) + 1 }
    if (tabs.includes(key))
      return this.set({ active: key, ...(options.preview !== true && preview === key && { preview: null }) })
    const replaced = options.preview === true && preview !== null && tabs.includes(preview)
    const place = active === null ? tabs.length : tabs.indexOf(active) + 1
    this.set({
      tabs: replaced ? tabs.map((each) => (each === preview ? key : each)) : tabs.toSpliced(place, 0, key),
      active: key,
      preview: options.preview === true ? key : preview,
    })
  }

  /** Somebody types in it: it stays. */
  pin(key: TabKey): void {
    if (this.#layout.preview === key) this.set({ preview: null })
  }

  close(...keys: TabKey[]): void {
    const { tabs, active, preview } = this.#layout
    const left = tabs.filter((key) => !keys.includes(key))
    if (left.length === tabs.length) return
    this.#closed = [...keys.toReversed(), ...this.#closed.filter((key) => !keys.includes(key))].slice(0, 50)
    this.#recent = this.#recent.filter((key) => left.includes(key))
    const next = active !== null && left.includes(active) ? active : (this.#recent[0] ?? left.at(-1) ?? null)
    this.set({ tabs: left, active: next, preview: preview !== null && left.includes(preview) ? preview : null })
  }

  get canReopen(): boolean {
    return this.#closed.length > 0
  }

  /** What was closed last is open again. */
  reopen(): void {
    const key = this.#closed.shift()
    if (key !== undefined) this.open(key)
  }

  /** Files that were in front, the last first, without the one that is. */
  recent(): string[] {
    return this.#recent.slice(1).flatMap((key) => (key.startsWith('file:') ? (pathOfTab(key) ?? []) : []))
  }

  /** A file or folder has another path, or none. */
  moved(from: string, to: string | null): void {
    const move = (key: TabKey): TabKey | null => {
      const path = pathOfTab(key)
      if (path === undefined || (path !== from && !path.startsWith(`${from}/`))) return key
      return to === null || !key.startsWith('file:') ? null : fileTab(to + path.slice(from.length))
    }
    const { tabs, active, preview } = this.#layout
    const left = tabs.flatMap((key) => move(key) ?? [])
    this.#closed = this.#closed.flatMap((key) => move(key) ?? [])
    this.#recent = this.#recent.flatMap((key) => move(key) ?? [])
    this.set({
      tabs: left,
      active: (active === null ? null : move(active)) ?? this.#recent[0] ?? left.at(-1) ?? null,
      preview: preview === null ? null : move(preview),
    })
  }

  place(key: TabKey, index: number): void {
    const tabs = this.#layout.tabs.filter((each) => each !== key)
    this.set({ tabs: tabs.toSpliced(index, 0, key) })
  }

  showSide(side: Side): void {
    const { side: now, sideOpen } = this.#layout
    this.set(sideOpen && now === side ? { sideOpen: false } : { side, sideOpen: true })
  }

  showHistory(path: string | null): void {
    this.set({ side: 'history', sideOpen: true, historyOf: path, ofDraft: false })
  }

  showDraftHistory(): void {
    this.set({ side: 'history', sideOpen: true, ofDraft: true })
  }

  showPanel(panel: Panel): void {
    this.set({ panel, panelOpen: true })
  }
}

export const useLayout = (workspace: Workspace): Layout =>
  useSyncExternalStore(workspace.subscribe, workspace.get, workspace.get)

/** Of a tab that shows a file of the draft. */
export function pathOfTab(key: TabKey): string | undefined {
  if (key.startsWith('file:')) return key.slice(5)
  return key.startsWith('changes:') ? key.slice(8) : undefined
}

function read(name: string): Partial<Layout> {
  try {
    const kept = JSON.parse(localStorage.getItem(name) ?? '{}') as Partial<Layout>
    return Array.isArray(kept.tabs) ? kept : {}
  } catch {
    return {}
  }
}
