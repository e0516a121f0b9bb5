import { SerializeAddon } from '@xterm/addon-serialize'
import headless from '@xterm/headless'
import { characterWidth } from '#contract/character-width.ts'

const scrollback = 1000
/** So much is processed without a pause, so that no output keeps the thread for long, whatever it makes the screen do. */
const pieceBytes = 256
/** Control sequences that do something as often as they say (ECMA-48): insert, delete and scroll lines, tabs, repeat a character. */
const repeating = ['L', 'M', 'S', 'T', 'I', 'Z', 'b']

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
    this.#terminal.loadAddon(this.#serializer)
    for (const final of repeating)
      this.#terminal.parser.registerCsiHandler({ final }, ([count]) => this.#isTooOften(final, count))
    this.#terminal.onData(answer)
    this.#terminal.onTitleChange((title) => (this.title = title.slice(0, 200)))
  }

  write(data: Uint8Array, done: () => void): void {
    this.waiting += data.length
    for (let at = pieceBytes; at < data.length; at += pieceBytes)
      this.#terminal.write(data.subarray(at - pieceBytes, at))
    this.#terminal.write(data.subarray(Math.max(0, (Math.ceil(data.length / pieceBytes) - 1) * pieceBytes)), () => {
      this.waiting -= data.length
      done()
    })
  }

  /** More often than there is room for changes nothing more, and takes minutes when a program says two thousand million: it is left out. */
  #isTooOften(final: string, count: number | number[] | undefined): boolean {
    const { cols, rows } = this.#terminal
    return typeof count === 'number' && count > (final === 'b' ? cols * rows : Math.max(cols, rows))
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
