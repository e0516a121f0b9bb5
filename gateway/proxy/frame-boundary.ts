/** Follows the frames of one direction of a websocket (RFC 6455 §5.2), only as far as to know where one ends. */
export class FrameBoundary {
  private head: number[] = []
  private left = 0
  /** A close frame has passed: nothing may follow it. */
  closed = false

  /** No frame is under way. */
  get atBoundary(): boolean {
    return this.left === 0 && this.head.length === 0
  }

  /** Reads on and says where: the chunk's end or, with `stop`, the first boundary. */
  advance(chunk: Buffer, stop = false): number {
    let at = 0
    while (at < chunk.length) {
      if (this.left > 0) {
        const size = Math.min(this.left, chunk.length - at)
        this.left -= size
        at += size
      } else {
        this.head.push(chunk[at++] as number)
        this.readHead()
      }
      if (stop && this.atBoundary) return at
    }
    return at
  }

  private readHead(): void {
    const [first, second] = this.head
    if (first === undefined || second === undefined) return
    const short = second & 0x7f
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
    const masked = (second & 0x80) !== 0 ? 4 : 0
    if (this.head.length < 2 + lengthBytes) return
    let length = short
    if (lengthBytes > 0) length = this.head.slice(2).reduce((sum, byte) => sum * 256 + byte, 0)
    this.left = masked + length
    if ((first & 0x0f) === 8) this.closed = true
    this.head = []
  }
}
