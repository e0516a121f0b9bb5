import { utimesSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import zlib from 'node:zlib'
import type { Repository } from './naming.ts'
import { loosePath, rememberBlob, rememberOwnCommit, rememberOwnTree, rememberSize } from './object-reader.ts'
import {
  decodeCommit,
  encodeCommit,
  encodeTree,
  hashObject,
  objectHeader,
  sortTree,
  type Commit,
  type ObjectType,
  type Oid,
  type Tree,
} from './objects.ts'
import { PackWriter, writeDurably } from './pack-writer.ts'

/** Up to here each object is a file of its own, beyond it all go into a pack. */
const looseObjects = 24
const looseBytes = 4 << 20

/**
 * Objects on their way into a repository. Nothing may name them before `flush` has ended, and then they survive a power
 * loss. A known object is never skipped because some cache has seen it: it may have been unreachable and pruned since.
 */
export class ObjectBatch {
  readonly #repository: Repository
  readonly #waiting = new Map<Oid, { type: ObjectType; body: Uint8Array }>()
  #waitingBytes = 0
  #pack: PackWriter | undefined

  constructor(repository: Repository) {
    this.#repository = repository
  }

  add(type: ObjectType, body: Uint8Array): Oid {
    const oid = hashObject(type, body)
    if (!this.#waiting.has(oid)) {
      this.#waiting.set(oid, { type, body })
      this.#waitingBytes += body.length
    }
    if (type === 'blob') {
      rememberSize(oid, body.length)
      rememberBlob(this.#repository, oid, body)
    }
    return oid
  }

  tree(tree: Tree): Oid {
    const sorted = sortTree(tree)
    const oid = this.add('tree', encodeTree(sorted))
    rememberOwnTree(this.#repository, oid, sorted)
    return oid
  }

  commit(commit: Commit): Oid {
    const body = encodeCommit(commit)
    const oid = this.add('commit', body)
    rememberOwnCommit(this.#repository, oid, decodeCommit(body))
    return oid
  }

  /** A blob too large for memory. */
  async addStream(size: number, content: AsyncIterable<Uint8Array>): Promise<Oid> {
    await this.#spill()
    this.#pack ??= new PackWriter(this.#repository)
    const oid = await this.#pack.addStream(size, content)
    rememberSize(oid, size)
    return oid
  }

  /** Between additions of a long batch, so that memory stays bounded. */
  async relieve(): Promise<void> {
    if (this.#waiting.size > looseObjects || this.#waitingBytes > looseBytes) await this.#spill()
  }

  async flush(): Promise<void> {
    await this.relieve()
    if (this.#pack !== undefined) {
      await this.#spill()
      await this.#pack.finish()
      this.#pack = undefined
      return
    }
    await Promise.all([...this.#waiting].map(([oid, { type, body }]) => writeLoose(this.#repository, oid, type, body)))
    this.#waiting.clear()
    this.#waitingBytes = 0
  }

  async discard(): Promise<void> {
    this.#waiting.clear()
    await this.#pack?.discard()
  }

  async #spill() {
    if (this.#waiting.size === 0) return
    this.#pack ??= new PackWriter(this.#repository)
    for (const [oid, { type, body }] of this.#waiting) await this.#pack.add(type, oid, body)
    this.#waiting.clear()
    this.#waitingBytes = 0
  }
}

async function writeLoose(repository: Repository, oid: Oid, type: ObjectType, body: Uint8Array): Promise<void> {
  const name = loosePath(repository, oid)
  if (freshen(name)) return
  const packed = zlib.deflateSync(Buffer.concat([objectHeader(type, body.length), body]), { level: 1 })
  try {
    await writeDurably(name, packed)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // git removes a folder of objects that it has emptied
    await fs.mkdir(path.dirname(name), { recursive: true })
    await writeDurably(name, packed)
  }
}

/** Prune spares what is recent, so an object that is used anew is made recent (git's freshen_file). */
function freshen(name: string): boolean {
  try {
    const now = new Date()
    // Mostly it is not there, and asking the kernel at once is cheaper than asking another thread to.
    utimesSync(name, now, now)
    return true
  } catch {
    return false
  }
}
