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

export interface Frame {
  kind: FrameKind
  payload: Buffer
}

/** Splits any chunking of a byte stream into frames; throws on one that is too long. */
export class FrameReader {
  #pending = Buffer.alloc(0)

  push(chunk: Uint8Array): Frame[] {
    this.#pending = Buffer.concat([this.#pending, chunk])
    const frames: Frame[] = []
    while (this.#pending.length >= 5) {
      const end = 5 + this.#pending.readUInt32BE(1)
      if (end > 5 + maxPayload) throw new RangeError(`a frame of ${end - 5} bytes is too long`)
      if (this.#pending.length < end) break
      frames.push({ kind: this.#pending.readUInt8(0) as FrameKind, payload: this.#pending.subarray(5, end) })
      this.#pending = this.#pending.subarray(end)
    }
    return frames
  }
}
