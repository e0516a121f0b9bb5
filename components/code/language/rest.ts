import { isCode } from '../documents.ts'
import type { Problem } from '../markers.ts'
import type { Diagnostic } from './protocol.ts'

/** Of a larger service only so many files are checked without being open. */
const most = 500
const together = 4
const leftOut = /(^|\/)(node_modules|dist|build|out|coverage|\.[^/]+)\//

/** Asks about the code that nobody has open, a few files at a time; a later round takes an earlier one's place. */
export class RestOfService {
  readonly #ask: (path: string) => Promise<Diagnostic[] | undefined>
  readonly #onChange: () => void
  #files: readonly string[] = []
  #found = new Map<string, Problem[]>()
  #round = 0

  constructor(ask: (path: string) => Promise<Diagnostic[] | undefined>, onChange: () => void) {
    this.#ask = ask
    this.#onChange = onChange
  }

  get problems(): ReadonlyMap<string, readonly Problem[]> {
    return this.#found
  }

  /** All files of the draft. Answers whether there is other code than before. */
  setFiles(paths: readonly string[]): boolean {
    const code = paths.filter((path) => isCode(path) && !leftOut.test(path)).slice(0, most)
    if (code.join('\n') === this.#files.join('\n')) return false
    this.#files = code
    return true
  }

  async check(isOpen: (path: string) => boolean): Promise<void> {
    const round = ++this.#round
    const waiting = this.#files.filter((path) => !isOpen(path))
    const found = new Map<string, Problem[]>()
    const work = async () => {
      for (let path = waiting.shift(); path !== undefined && round === this.#round; path = waiting.shift()) {
        const items = await this.#ask(path)
        // The server went away: what is known stands until it is back.
        if (items === undefined) return this.stop()
        const problems = items.flatMap((one) => problemOf(path, one))
        if (problems.length > 0) found.set(path, problems)
      }
    }
    await Promise.all(Array.from({ length: together }, work))
    if (round !== this.#round) return
    this.#found = found
    this.#onChange()
  }

  stop(): void {
    this.#round += 1
  }
}

function problemOf(path: string, { range: { start, end }, message, severity = 1, code }: Diagnostic): Problem[] {
  if (severity > 2) return []
  return [
    {
      path,
      line: start.line + 1,
      column: start.character + 1,
      length: start.line === end.line ? end.character - start.character : 0,
      message,
      severity: severity === 1 ? 'error' : 'warning',
      code: code === undefined ? null : String(code),
    },
  ]
}
