/**
 * Frames of terminals and exec, both ways: one byte of kind, four of length (big-endian), the payload. A reader that
 * falls behind stops reading; TCP-like back pressure then pauses the program, nothing is buffered without end.
 */
export const frameKind = {
  /** Bytes of the program's output (a terminal's only stream). */
  output: 1,
  /** Bytes of the program's stderr (exec without a terminal). */
  error: 2,
  /** Bytes for the program's input; empty: end of input. */
  input: 3,
  /** JSON `{cols, rows}`. */
  resize: 4,
  /** JSON `{exitCode: number | null, signal: string | null}`; the last frame. */
  exit: 5,
  /** Bytes that repaint the whole screen, before any output. */
  snapshot: 6,
  /** JSON `{signal: 'SIGINT' | …}`, for exec without a terminal. */
  signal: 7,
} as const
export type FrameKind = (typeof frameKind)[keyof typeof frameKind]

const maxPayload = 1 << 20

export function encodeFrame(kind: FrameKind, payload: Uint8Array | string = ''): Buffer {
  const body = Buffer.from(payload as string)
  const head = Buffer.allocUnsafe(5)
  head.writeUInt8(kind, 0)
  head.writeUInt32BE(body.length, 1)
  return Buffer.concat([head, body])
}

/** Splits any chunking of a byte stream into frames; throws on one that is too long. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0)

  *push(chunk: Uint8Array): Generator<{ kind: FrameKind; payload: Buffer }> {
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk])
    while (this.#pending.length >= 5) {
      const length = this.#pending.readUInt32BE(1)
      if (length > maxPayload) throw new RangeError(`a frame of ${length} bytes is too long`)
      if (this.#pending.length < 5 + length) return
      const kind = this.#pending.readUInt8(0) as FrameKind
      const payload = this.#pending.subarray(5, 5 + length)
      this.#pending = this.#pending.subarray(5 + length)
      yield { kind, payload }
    }
  }
}
