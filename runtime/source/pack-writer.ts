import { createHash, randomBytes } from 'node:crypto'
import { closeSync, fdatasync, fsync, openSync, renameSync, writeFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import zlib from 'node:zlib'
import { promisify } from 'node:util'
import type { Repository } from './naming.ts'
import { objectHeader, type ObjectType, type Oid } from './objects.ts'

const deflate = promisify(zlib.deflate)
const typeNumber: Record<ObjectType, number> = { commit: 1, tree: 2, blob: 3, tag: 4 }

/**
 * Many objects as one pack without deltas: two files to sync instead of thousands, and nothing of it is visible to git
 * before the index is renamed into place. Format: gitformat-pack(5). What a kill leaves is called `tmp_…`, which git's
 * own prune removes.
 */
export class PackWriter {
  readonly #temporary: string
  readonly #entries = new Map<Oid, { crc: number; offset: number }>()
  #file: fs.FileHandle | undefined
  #offset = 12

  constructor(repository: Repository) {
    this.#temporary = path.join(repository.dir, 'objects/pack', `tmp_pack_${randomBytes(9).toString('hex')}`)
  }

  async add(type: ObjectType, oid: Oid, body: Uint8Array): Promise<void> {
    if (this.#entries.has(oid)) return
    const bytes = Buffer.concat([entryHeader(type, body.length), await deflate(body, { level: 1 })])
    this.#entries.set(oid, { crc: zlib.crc32(bytes), offset: this.#offset })
    await this.#append(bytes)
  }

  /** A blob whose size is known beforehand, as its name begins with it; an object that came before is not kept twice. */
  async addStream(size: number, content: AsyncIterable<Uint8Array>): Promise<Oid> {
    const hash = createHash('sha1').update(objectHeader('blob', size))
    const start = this.#offset
    const header = entryHeader('blob', size)
    let crc = zlib.crc32(header)
    let seen = 0
    await this.#append(header)
    const source = Readable.from(
      (async function* () {
        for await (const chunk of content) {
          hash.update(chunk)
          seen += chunk.length
          yield chunk
        }
      })(),
      { objectMode: false },
    )
    const packed = zlib.createDeflate({ level: 1 })
    source.once('error', (error) => packed.destroy(error))
    for await (const chunk of source.pipe(packed) as AsyncIterable<Buffer>) {
      crc = zlib.crc32(chunk, crc)
      await this.#append(chunk)
    }
    if (seen !== size) throw new Error(`${size} bytes were announced and ${seen} came`)
    const oid = hash.digest('hex')
    if (this.#entries.has(oid)) {
      await this.#file?.truncate(start)
      this.#offset = start
    } else this.#entries.set(oid, { crc, offset: start })
    return oid
  }

  /** Makes all of it durable and visible. */
  async finish(): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    await file.write(packHeader(this.#entries.size), 0, 12, 0)
    const name = await hashOfFile(this.#temporary)
    await file.write(name, 0, 20, this.#offset)
    await file.chmod(0o444)
    await file.datasync()
    await file.close()
    this.#file = undefined
    const target = path.join(path.dirname(this.#temporary), `pack-${name.toString('hex')}`)
    await fs.rename(this.#temporary, `${target}.pack`)
    await writeDurably(`${target}.idx`, indexOf(this.#entries, name))
    await syncFolder(path.dirname(target))
  }

  async discard(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
    await fs.rm(this.#temporary, { force: true })
  }

  async #append(bytes: Uint8Array) {
    this.#file ??= await fs.open(this.#temporary, 'wx', 0o600)
    // A write may be cut short, by a signal or a full disk.
    for (let written = 0; written < bytes.length;) {
      written += (await this.#file.write(bytes, written, bytes.length - written, this.#offset + written)).bytesWritten
    }
    this.#offset += bytes.length
  }
}

function packHeader(count: number): Buffer {
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1')
  header.writeUInt32BE(count, 8)
  return header
}

/** Type in three bits and size in groups of 4, 7, 7… bits, least first. */
function entryHeader(type: ObjectType, size: number): Buffer {
  const bytes = [(typeNumber[type] << 4) | (size % 16)]
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80
    bytes.push(rest % 128)
  }
  return Buffer.from(bytes)
}

/** Index version 2; offsets stay under 2³¹ because a pack of ours is at most some hundred megabytes. */
function indexOf(entries: ReadonlyMap<Oid, { crc: number; offset: number }>, pack: Buffer): Buffer {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  const fanout = Buffer.alloc(1024)
  const crcs = Buffer.alloc(4 * sorted.length)
  const offsets = Buffer.alloc(4 * sorted.length)
  const counts = new Uint32Array(256)
  sorted.forEach(([oid, { crc, offset }], at) => {
    const first = Number.parseInt(oid.slice(0, 2), 16)
    counts[first] = (counts[first] ?? 0) + 1
    crcs.writeUInt32BE(crc, 4 * at)
    offsets.writeUInt32BE(offset, 4 * at)
  })
  let sum = 0
  counts.forEach((count, at) => {
    sum += count
    fanout.writeUInt32BE(sum, 4 * at)
  })
  const names = Buffer.from(sorted.map(([oid]) => oid).join(''), 'hex')
  const body = Buffer.concat([Buffer.from([0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]), fanout, names, crcs, offsets, pack])
  return Buffer.concat([body, createHash('sha1').update(body).digest()])
}

async function hashOfFile(name: string): Promise<Buffer> {
  const hash = createHash('sha1')
  const file = await fs.open(name, 'r')
  for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest()
}

/** Whole or not at all, whenever the machine stops. */
export async function writeDurably(name: string, body: Uint8Array): Promise<void> {
  const temporary = path.join(path.dirname(name), `tmp_obj_${randomBytes(9).toString('hex')}`)
  const file = openSync(temporary, 'wx', 0o444)
  try {
    writeFileSync(file, body)
    await datasync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, name)
}

// What only reaches the kernel's memory is done at once: five turns of another thread would take longer. What waits for the disk is not.
const [datasync, sync] = [promisify(fdatasync), promisify(fsync)]

/** A small file that is open for writing gets all of its content, and is on the disk. */
export async function fillDurably(file: number, content: string): Promise<void> {
  writeFileSync(file, content)
  await datasync(file)
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = openSync(folder, 'r')
  try {
    await sync(handle)
  } finally {
    closeSync(handle)
  }
}
