const maxLine = 16 << 20

/** Splits any chunking of a stream of JSON, one document a line, which is how messages cross the runtime's socket. */
export class LineReader {
  #parts: Buffer[] = []
  #size = 0

  push(chunk: Buffer): unknown[] {
    const messages: unknown[] = []
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...this.#parts, chunk.subarray(from, end)])
      this.#parts = []
      this.#size = 0
      from = end + 1
      if (line.length > 0) messages.push(JSON.parse(line.toString('utf8')))
    }
    const rest = chunk.subarray(from)
    this.#size += rest.length
    if (this.#size > maxLine) throw new RangeError('a message is too long')
    if (rest.length > 0) this.#parts.push(rest)
    return messages
  }
}

export const encodeLine = (message: unknown): string => `${JSON.stringify(message)}\n`
