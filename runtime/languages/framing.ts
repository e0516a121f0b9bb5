/**
 * The base protocol of language servers: a head with `Content-Length`, which counts bytes and not characters, then JSON.
 * https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol
 */
export function encodeMessage(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message))
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`, 'latin1'), body])
}

const maxHead = 4096
const maxBody = 16 << 20

/** Splits any chunking of a server's output into messages; throws on what is not the protocol. */
export class MessageReader {
  #parts: Buffer[] = []
  #size = 0
  /** Bytes of the body that is being read; undefined while a head is. */
  #wanted: number | undefined

  push(chunk: Buffer): unknown[] {
    this.#parts.push(chunk)
    this.#size += chunk.length
    const messages: unknown[] = []
    for (;;) {
      if (this.#wanted === undefined && !this.#readHead()) return messages
      const wanted = this.#wanted ?? 0
      if (this.#size < wanted) return messages
      const all = this.#joined()
      messages.push(JSON.parse(all.subarray(0, wanted).toString('utf8')))
      this.#keep(all.subarray(wanted))
      this.#wanted = undefined
    }
  }

  #readHead(): boolean {
    const all = this.#joined()
    const end = all.indexOf('\r\n\r\n')
    if (end < 0) {
      if (all.length > maxHead) throw new RangeError('this is no head of a message')
      return false
    }
    const length = /^content-length: *(\d+)$/im.exec(all.subarray(0, end).toString('latin1'))?.[1]
    if (length === undefined || Number(length) > maxBody) throw new RangeError('a message without a usable length')
    this.#wanted = Number(length)
    this.#keep(all.subarray(end + 4))
    return true
  }

  /** Joined only when looked into: a large body arrives in many pieces. */
  #joined(): Buffer {
    if (this.#parts.length !== 1) this.#parts = [Buffer.concat(this.#parts)]
    return this.#parts[0] as Buffer
  }

  #keep(rest: Buffer): void {
    this.#parts = [rest]
    this.#size = rest.length
  }
}
