import { type Head, readHead } from './head.ts'

/** A longer head is read each time: what was read keeps the bytes alive. */
const mostBytes = 4 << 10

/**
 * Reads the heads of one connection. Most callers say on it the same again and again: what says the same, to the byte, needs no
 * second look, and is given as the same object.
 */
export class HeadReader {
  private bytes: Buffer | undefined
  private head: Head | undefined

  /** As {@link readHead}, from the beginning of the bytes. */
  read(bytes: Buffer): Head | undefined {
    const { head } = this
    if (head !== undefined && bytes.length >= head.end && this.bytes?.compare(bytes, 0, head.end, 0, head.end) === 0) {
      head.repeated = true
      return head
    }
    const read = readHead(bytes, 0)
    const isKept = read !== undefined && bytes.length <= mostBytes
    this.head = isKept ? read : undefined
    this.bytes = isKept ? bytes : undefined
    return read
  }

  forget(): void {
    this.bytes = undefined
    this.head = undefined
  }
}
