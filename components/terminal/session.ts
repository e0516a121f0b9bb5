import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { type ITheme, Terminal as Xterm } from '@xterm/xterm'
import { subscribe } from '#client/live.ts'
import type { OfService } from '#client/paths.ts'
import type { Subscription } from '#client/live-connection.ts'
import { characterWidth } from '#contract/character-width.ts'
import type { PlatformError } from '#contract/errors.ts'
import { readPalette } from './palette.ts'

export type SessionState =
  | { name: 'connecting' | 'open' | 'interrupted' }
  | { name: 'ended'; error: PlatformError | null }

/** What waits to be sent at most: a program that does not read stops the typing, not the browser. */
const maxWaiting = 1 << 20

/**
 * One terminal: what is on the platform under its id, drawn by xterm. It is attached anew after each interruption and
 * gets a snapshot then, so the screen is what it was; output is acknowledged only once it is drawn.
 */
export class TerminalSession {
  readonly xterm: Xterm
  readonly search = new SearchAddon()
  readonly #fit = new FitAddon()
  readonly #subscription: Subscription
  readonly #listeners = new Set<() => void>()
  #state: SessionState = { name: 'connecting' }
  #sending: Promise<void> = Promise.resolve()
  #waiting = 0

  /** The instance that its shell runs in. */
  readonly instanceId: string

  constructor(at: OfService, { id: terminalId, instanceId }: { id: string; instanceId: string }) {
    this.instanceId = instanceId
    this.xterm = new Xterm({
      fontFamily: "'JetBrains Mono Variable', ui-monospace, monospace",
      fontSize: 13,
      lineHeight: 1.2,
      scrollback: 10_000,
      cursorBlink: false,
      allowProposedApi: true,
      macOptionIsMeta: true,
      rightClickSelectsWord: true,
      screenReaderMode: false,
      minimumContrastRatio: 4.5,
      theme: terminalTheme(),
    })
    this.xterm.unicode.register(characterWidth)
    this.xterm.unicode.activeVersion = characterWidth.version
    this.xterm.loadAddon(this.#fit)
    this.xterm.loadAddon(this.search)
    this.xterm.loadAddon(
      new WebLinksAddon((event, uri) => {
        if (event.ctrlKey || event.metaKey) window.open(uri, '_blank', 'noopener,noreferrer')
      }),
    )
    this.xterm.attachCustomKeyEventHandler((event) => this.#takesKey(event))
    const encoder = new TextEncoder()
    this.xterm.onData((text) => this.#send(encoder.encode(text)))
    this.xterm.onBinary((text) => this.#send(Uint8Array.from(text, (char) => char.charCodeAt(0))))
    this.xterm.onResize((size) => this.#subscription.resize(size))
    this.#subscription = subscribe(
      'terminal',
      { ...at, terminalId },
      {
        onBytes: (kind, bytes) => {
          if (kind === 'snapshot') this.xterm.reset()
          return new Promise((resolve) => this.xterm.write(bytes, resolve))
        },
        onOpen: () => {
          this.#subscription.resize({ cols: this.xterm.cols, rows: this.xterm.rows })
          this.#become({ name: 'open' })
        },
        onInterrupted: () => this.#become({ name: 'interrupted' }),
        onEnd: (error) => this.#become({ name: 'ended', error }),
      },
    )
  }

  get state(): SessionState {
    return this.#state
  }
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Draws into an element from now on. */
  show(element: HTMLElement): void {
    if (this.xterm.element === undefined) this.xterm.open(element)
    else element.append(this.xterm.element)
    this.fit()
  }

  /** As many rows and columns as there is room for; a hidden one keeps what it had. */
  fit(): void {
    const size = this.#fit.proposeDimensions()
    if (size === undefined || !Number.isFinite(size.cols) || size.cols < 2 || size.rows < 1) return
    this.xterm.resize(Math.min(size.cols, 1000), Math.min(size.rows, 1000))
  }

  recolour(): void {
    this.xterm.options.theme = terminalTheme()
  }

  close(): void {
    this.#subscription.close()
    this.xterm.dispose()
  }

  /** In order, each after the one before was taken. While interrupted nothing is typed blindly: it is dropped. */
  #send(bytes: Uint8Array): void {
    if (this.#state.name !== 'open' || this.#waiting > maxWaiting) return
    this.#waiting += bytes.length
    this.#sending = this.#sending
      .then(() => this.#subscription.write(bytes))
      .catch(() => {})
      .finally(() => {
        this.#waiting -= bytes.length
      })
  }

  /** Keys that are the console's, or the browser's clipboard, and not the program's. */
  #takesKey(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown') return true
    const command = event.ctrlKey || event.metaKey
    if (command && event.shiftKey && event.key.toLowerCase() === 'c') {
      void navigator.clipboard?.writeText(this.xterm.getSelection())
      event.preventDefault()
      return false
    }
    // With something selected it copies, as the browser's own key for that cannot be had; the next one interrupts.
    if (event.ctrlKey && !event.shiftKey && event.key === 'c' && this.xterm.hasSelection()) {
      void navigator.clipboard?.writeText(this.xterm.getSelection())
      this.xterm.clearSelection()
      event.preventDefault()
      return false
    }
    // Pasting arrives as the browser's own paste event.
    if (command && event.key.toLowerCase() === 'v') return false
    return !(
      event.ctrlKey &&
      (event.key === '`' || event.key === 'F6' || (event.shiftKey && ['Enter', 'f', 'F'].includes(event.key)))
    )
  }

  #become(state: SessionState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}

function terminalTheme(): ITheme {
  const c = readPalette()
  return {
    background: c.surface,
    foreground: c.text,
    cursor: c.accent,
    cursorAccent: c.surface,
    selectionBackground: `${c.accent}55`,
    selectionInactiveBackground: `${c.accent}33`,
    black: c.sunken,
    brightBlack: c.muted,
    red: c.bad,
    brightRed: c.bad,
    green: c.ok,
    brightGreen: c.ok,
    yellow: c.warn,
    brightYellow: c.warn,
    blue: c.accent,
    brightBlue: c.accent,
    magenta: c.personal,
    brightMagenta: c.personal,
    cyan: c.preview,
    brightCyan: c.preview,
    white: c.text,
    brightWhite: c.text,
  }
}
