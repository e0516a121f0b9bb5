import { PlatformError } from '#contract/errors.ts'
import { pathFromBytes } from './path.ts'

/**
 * A reader of tar (POSIX pax, and GNU's long names) for archives that nobody vouches for: nothing is ever held but one
 * block and, before an entry, a few headers of at most 64 KB together, which the common libraries do not promise for a long-name header.
 */
type TarType = 'file' | 'link' | 'folder' | 'hardlink' | 'device' | 'fifo' | 'other'

export interface TarEntry {
  path: string
  type: TarType
  size: number
  executable: boolean
  target: string
  /** The content, to be read before the next entry; what is left of it is skipped. */
  content: AsyncIterable<Buffer>
}

/** Of all headers before one entry. */
const maxHeaderBytes = 64 << 10
const maxHeaders = 16
/** What is used of a pax header. */
const used = new Set(['path', 'linkpath', 'size'])
const types: Record<string, TarType> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'link',
  '3': 'device',
  '4': 'device',
  '5': 'folder',
  '6': 'fifo',
}

export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const bytes = new ByteSource(source)
  let extra = new Map<string, Buffer>()
  let headers = { count: 0, bytes: 0 }
  for (;;) {
    const block = await bytes.take(512)
    // An archive ends with zeros; one without them, at a block's border, is taken too, as tar does.
    if (block === undefined || block.every((byte) => byte === 0)) return await bytes.drain()
    verify(block)
    const flag = String.fromCharCode(block[156] ?? 0)
    const paxSize = extra.get('size')
    const size =
      paxSize === undefined || 'xgLK'.includes(flag)
        ? number(block.subarray(124, 136))
        : Number(paxSize.toString('latin1'))
    if (!Number.isSafeInteger(size) || size < 0) throw broken('an entry has an invalid size')
    if ('xgLK'.includes(flag)) {
      headers = { count: headers.count + 1, bytes: headers.bytes + size }
      if (headers.count > maxHeaders || headers.bytes > maxHeaderBytes)
        throw broken(`more than ${maxHeaders} headers or ${maxHeaderBytes} bytes of headers before one entry`)
      const header = await whole(bytes, size)
      if (flag === 'x') for (const [key, value] of paxRecords(header)) if (used.has(key)) extra.set(key, value)
      if (flag === 'L') extra.set('path', untilNul(header))
      if (flag === 'K') extra.set('linkpath', untilNul(header))
      continue
    }
    const type = types[flag] ?? 'other'
    const length = type === 'file' || type === 'other' ? size : 0
    let left = length
    const content = (async function* () {
      while (left > 0) {
        const chunk = await bytes.some(left)
        left -= chunk.length
        yield chunk
      }
    })()
    yield {
      path: pathFromBytes(extra.get('path') ?? nameOf(block)),
      type,
      size: length,
      content,
      executable: (number(block.subarray(100, 108)) & 0o100) !== 0,
      target: type === 'link' ? pathFromBytes(extra.get('linkpath') ?? untilNul(block.subarray(157, 257))) : '',
    }
    while (left > 0) left -= (await bytes.some(left)).length
    if (length % 512 !== 0) await bytes.take(512 - (length % 512))
    extra = new Map()
    headers = { count: 0, bytes: 0 }
  }
}

function nameOf(block: Buffer): Buffer {
  const name = untilNul(block.subarray(0, 100))
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? untilNul(block.subarray(345, 500)) : Buffer.alloc(0)
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name])
}

async function whole(bytes: ByteSource, size: number): Promise<Buffer> {
  const header = await bytes.take(size)
  if (size % 512 !== 0) await bytes.take(512 - (size % 512))
  if (header === undefined) throw broken('it is truncated')
  return header
}

/** Records of `length key=value\n`, the length counting itself (POSIX.1-2001, pax). */
function* paxRecords(header: Buffer): Generator<[string, Buffer]> {
  for (let at = 0; at < header.length;) {
    const space = header.indexOf(0x20, at)
    const length = Number(header.toString('latin1', at, space))
    const equals = header.indexOf(0x3d, space)
    if (
      space < 0 ||
      equals < 0 ||
      !Number.isSafeInteger(length) ||
      length <= equals - at ||
      at + length > header.length
    )
      throw broken('a pax header is malformed')
    yield [header.toString('latin1', space + 1, equals), header.subarray(equals + 1, at + length - 1)]
    at += length
  }
}

function verify(block: Buffer): void {
  let sum = 8 * 0x20
  block.forEach((byte, at) => {
    if (at < 148 || at >= 156) sum += byte
  })
  if (sum !== number(block.subarray(148, 156))) throw broken('a header has a wrong checksum')
}

/** Octal digits, or GNU's base 256 when the first bit is set. */
function number(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0)
    return [...field.subarray(1)].reduce((value, byte) => value * 256 + byte, (field[0] ?? 0) & 0x7f)
  const text = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trimStart()
  if (text === '') return 0
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN
}

function untilNul(field: Buffer): Buffer {
  const nul = field.indexOf(0)
  return nul < 0 ? field : field.subarray(0, nul)
}

function broken(why: string): PlatformError {
  return new PlatformError('bad_request', `the archive cannot be read: ${why}`, {
    fix: 'Send a tar archive, plain or gzipped.',
  })
}

class ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]()
  }

  /** Exactly so many bytes, or undefined when the source ended before the first. */
  async take(size: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    let missing = size
    while (missing > 0) {
      if (this.#held.length === 0 && !(await this.#more())) {
        if (missing === size) return undefined
        throw broken('it is truncated')
      }
      const part = this.#held.subarray(0, missing)
      this.#held = this.#held.subarray(part.length)
      missing -= part.length
      parts.push(part)
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
  }

  /** At least one byte and at most so many. */
  async some(most: number): Promise<Buffer> {
    if (this.#held.length === 0 && !(await this.#more())) throw broken('it is truncated')
    const part = this.#held.subarray(0, most)
    this.#held = this.#held.subarray(part.length)
    return part
  }

  /** Reads what follows the end, so that the sender can finish; its size is bounded by whoever made the source. */
  async drain(): Promise<void> {
    while (await this.#more()) this.#held = Buffer.alloc(0)
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#iterator.next()
      if (done) return false
      if (value.length === 0) continue
      this.#held = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      return true
    }
  }
}
