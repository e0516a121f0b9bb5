import type { FileHandle } from 'node:fs/promises'

const chunkBytes = 4 * 1024 * 1024
/** Beyond that the lines are counted by their density so far: a sparse file can claim to hold terabytes. */
const countBytes = 512 * 1024 * 1024

/** Looks at the lines between `from` and the first newline after `to`: how many, and where they end. */
export async function skipLines(
  file: FileHandle,
  from: number,
  to: number,
): Promise<{ lines: number; end: number; exact: boolean }> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  const words = new Uint32Array(buffer.buffer, buffer.byteOffset, chunkBytes / 4)
  let lines = 0
  let at = from
  while (at < to && at - from < countBytes) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(chunkBytes, to - at), at)
    if (bytesRead === 0) break
    lines += countNewlines(buffer, words, bytesRead)
    at += bytesRead
    await new Promise(setImmediate)
  }
  const exact = at >= to
  if (!exact) lines = Math.round((lines / (at - from)) * (to - from))
  // The line that `to` falls into is skipped whole.
  const { bytesRead } = await file.read(buffer, 0, 64 * 1024, to)
  const newline = buffer.subarray(0, bytesRead).indexOf(10)
  return newline === -1 ? { lines, end: to, exact } : { lines: lines + 1, end: to + newline + 1, exact }
}

/** Four bytes at a time (https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord), about 3 GB/s. */
function countNewlines(buffer: Buffer, words: Uint32Array, length: number): number {
  const whole = length >> 2
  let count = 0
  for (let i = 0; i < whole; i++) {
    const word = (words[i] as number) ^ 0x0a0a0a0a
    const others = ((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word | 0x7f7f7f7f
    count += Math.imul((~others >>> 7) & 0x01010101, 0x01010101) >>> 24
  }
  for (let i = whole * 4; i < length; i++) if (buffer[i] === 10) count++
  return count
}
