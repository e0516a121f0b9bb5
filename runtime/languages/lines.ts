import { type JsonBounds, parseBounded } from '#contract/bounded-json.ts'

const maxLine = 16 << 20
/** Of what an editor may send: its largest message is the text of a file, which is one value. */
export const editorBounds: JsonBounds = { bytes: maxLine, depth: 64, values: 100_000 }

/** Splits any chunking of a stream of JSON, one document a line, which is how messages cross the runtime's socket. */
export class LineReader {
  #parts: Buffer[] = []
  #size = 0
  readonly #bounds: JsonBounds | undefined

  constructor(bounds?: JsonBounds) {
    this.#bounds = bounds
  }

  push(chunk: Buffer): unknown[] {
    const messages: unknown[] = []
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...this.#parts, chunk.subarray(from, end)])
      this.#parts = []
      this.#size = 0
      from = end + 1
      if (line.length > 0)
        messages.push(this.#bounds === undefined ? JSON.parse(line.toString('utf8')) : parseBounded(line, this.#bounds))
    }
    const rest = chunk.subarray(from)
    this.#size += rest.length
    if (this.#size > maxLine) throw new RangeError('a message is too long')
    if (rest.length > 0) this.#parts.push(rest)
    return messages
  }
}

export const encodeLine = (message: unknown): string => `${JSON.stringify(message)}\n`
