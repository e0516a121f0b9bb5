import type { Copy } from './draft-saver.ts'

const throttleMs = 100

/** What was typed and is not on the platform yet, kept in this browser, for one draft. */
export class LocalCopies {
  readonly #prefix: string
  readonly #waiting = new Map<string, Copy>()
  #timer: ReturnType<typeof setTimeout> | undefined
  /** The browser has no room left: then a lost connection is no longer harmless, and the editor says so. */
  full = false

  constructor(draft: string) {
    this.#prefix = `m3o unsaved ${draft} `
    window.addEventListener('pagehide', this.#write)
  }

  keep(path: string, copy: Copy | null): void {
    if (copy === null) {
      this.#waiting.delete(path)
      localStorage.removeItem(this.#prefix + path)
      return
    }
    this.#waiting.set(path, copy)
    this.#timer ??= setTimeout(this.#write, throttleMs)
  }

  get(path: string): Copy | undefined {
    try {
      const copy = JSON.parse(localStorage.getItem(this.#prefix + path) ?? 'null') as Copy | null
      return typeof copy?.text === 'string' ? copy : undefined
    } catch {
      return undefined
    }
  }

  paths(): string[] {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(this.#prefix))
      .map((key) => key.slice(this.#prefix.length))
  }

  close(): void {
    this.#write()
    window.removeEventListener('pagehide', this.#write)
  }

  readonly #write = (): void => {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const [path, copy] of this.#waiting) {
      try {
        localStorage.setItem(this.#prefix + path, JSON.stringify(copy))
        this.full = false
      } catch {
        this.full = true
      }
    }
    this.#waiting.clear()
  }
}
