import { SerializeAddon } from '@xterm/addon-serialize'
import headless from '@xterm/headless'
import { characterWidth } from '#contract/character-width.ts'

const scrollback = 1000

/** What a terminal looks like at this moment, kept while nobody looks, so that one who comes back can be repainted. */
export class Screen {
  readonly #terminal: headless.Terminal
  readonly #serializer = new SerializeAddon()
  title = ''
  /** Bytes that have arrived and are not yet on the screen. */
  waiting = 0

  /** `answer` gets what a terminal replies to a program's questions (cursor position, its kind). */
  constructor(cols: number, rows: number, answer: (text: string) => void) {
    this.#terminal = new headless.Terminal({ cols, rows, scrollback, allowProposedApi: true })
    this.#terminal.unicode.register(characterWidth)
    this.#terminal.unicode.activeVersion = characterWidth.version
    // Typed against the browser's terminal; it uses only what both have.
    this.#terminal.loadAddon(this.#serializer as unknown as headless.ITerminalAddon)
    this.#terminal.onData(answer)
    this.#terminal.onTitleChange((title) => (this.title = title.slice(0, 200)))
  }

  write(data: Uint8Array, done: () => void): void {
    this.waiting += data.length
    this.#terminal.write(data, () => {
      this.waiting -= data.length
      done()
    })
  }

  /** Calls back with the screen as it is after everything written before this call, and nothing written after it. */
  snapshot(done: (text: string) => void): void {
    this.#terminal.write('', () => done(this.#serializer.serialize({ scrollback })))
  }

  resize(cols: number, rows: number): void {
    this.#terminal.resize(cols, rows)
  }

  dispose(): void {
    this.#terminal.dispose()
  }
}
