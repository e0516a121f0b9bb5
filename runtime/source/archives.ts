import { Readable } from 'node:stream'
import zlib from 'node:zlib'
import { withoutTrailing } from '#contract/bounds.ts'
import { PlatformError } from '#contract/errors.ts'
import { landTree, type Landed } from './land-tree.ts'
import { checkTreeSize, maxFiles, maxTreeBytes } from './limits.ts'
import { headOf } from './branches.ts'
import { containsCommit } from './history.ts'
import { checkOid, incomingRef, type Person, type Repository } from './naming.ts'
import { ObjectBatch } from './object-batch.ts'
import { objectInfo } from './object-reader.ts'
import { emptyTree, type Oid, type TreeEntry } from './objects.ts'
import { checkPath, maxPathBytes, rawPath } from './path.ts'
import { deleteRef, readRef } from './refs.ts'
import { refuseOverlap } from './repositories.ts'
import { staysInside } from './symlinks.ts'
import { readTar, type TarEntry } from './tar-reader.ts'
import { editTree } from './tree-edit.ts'

export interface ArchiveInput {
  /** The environment's own branch first, then its parents' up to main. */
  branches: string[]
  /** A tar archive, plain or gzipped. */
  stream: AsyncIterable<Uint8Array>
  /** Revision that the folder was pulled from or deployed as last; left out, the folder replaces what is there. */
  base?: Oid
  /** Commit that the folder stands on; its history comes along. Waits at {@link incomingRef}, or is known already. */
  tip?: Oid
  force?: boolean
  author: Person
  message: string
}

const inMemory = 1 << 20
/** Contents, and for each file its headers and padding. */
const maxUnpacked = maxTreeBytes + 4 * maxFiles * 1024 + (1 << 20)

/** Stores an uploaded folder as objects, never as files under names of its choosing; gives its tree. */
async function storeArchive(repository: Repository, stream: AsyncIterable<Uint8Array>): Promise<Oid> {
  const batch = new ObjectBatch(repository)
  try {
    const edits = new Map<string, TreeEntry>()
    const links = new Map<string, string>()
    const total = { files: 0, bytes: 0 }
    for await (const entry of readTar(capped(await unzipped(stream)))) {
      const path = withoutTrailing(entry.path.replace(/^(\.\/+)+/, ''), '/')
      if (entry.type === 'folder' && (path === '' || path === '.')) continue
      checkPath(path)
      if (entry.type === 'folder') continue
      total.files++
      total.bytes += entry.size
      checkTreeSize(total)
      edits.set(rawPath(path), await storeEntry(batch, entry, path, links))
      await batch.relieve()
    }
    if (total.files === 0)
      throw new PlatformError('bad_request', 'the archive contains no files', {
        fix: 'Deploy from the folder of the service.',
      })
    refuseOverlap(edits)
    for (const path of links.keys())
      if (!staysInside(path, links))
        throw new PlatformError('invalid_path', `the link ${path} points outside the folder (to ${links.get(path)})`)
    const tree = await editTree(repository, emptyTree, edits, batch)
    await batch.flush()
    return tree
  } catch (error) {
    await batch.discard()
    throw error
  }
}

export async function commitArchive(
  repository: Repository,
  input: ArchiveInput,
  locked: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<Landed> {
  const base = input.base === undefined ? undefined : checkOid(input.base, 'base')
  const tip =
    input.tip === undefined ? undefined : await arrived(repository, checkOid(input.tip, 'tip'), input.branches)
  const tree = await storeArchive(repository, input.stream)
  const landed = await locked(() =>
    landTree(repository, {
      branches: input.branches,
      tree,
      base,
      tip,
      author: input.author,
      message: input.message,
      force: input.force ?? false,
      fix: 'Pull the newer source and merge, or deploy with --force to overwrite it.',
    }),
  )
  if (tip !== undefined) await deleteRef(repository, incomingRef(tip))
  return landed
}

/** A commit that somebody has sent for this, or that the environment has by now. @throws PlatformError `not_found` */
async function arrived(repository: Repository, tip: Oid, branches: string[]): Promise<Oid> {
  if ((await readRef(repository, incomingRef(tip))) === tip) return tip
  const head = await headOf(repository, branches).catch(() => undefined)
  if (
    head !== undefined &&
    (await objectInfo(repository, tip))?.type === 'commit' &&
    (await containsCommit(repository, { commit: head.commit, ancestor: tip }))
  )
    return tip
  throw new PlatformError('not_found', `the history of ${tip.slice(0, 7)} is missing`, {
    field: 'tip',
    fix: 'Deploy again.',
  })
}

async function storeEntry(
  batch: ObjectBatch,
  entry: TarEntry,
  path: string,
  links: Map<string, string>,
): Promise<TreeEntry> {
  if (entry.type === 'link') {
    if (Buffer.byteLength(entry.target) > maxPathBytes)
      throw new PlatformError('invalid_path', `the link ${path} passes through too many links`)
    links.set(path, entry.target)
    return { mode: '120000', oid: batch.add('blob', Buffer.from(entry.target, 'utf8')) }
  }
  links.delete(path)
  if (entry.type !== 'file') {
    const what = { hardlink: 'a hard link', device: 'a device', fifo: 'a pipe', other: 'of an unknown kind' }[
      entry.type as 'hardlink' | 'device' | 'fifo' | 'other'
    ]
    throw new PlatformError('invalid_path', `${path} is ${what}; only files, folders and links are accepted`, {
      field: 'path',
      data: { path },
    })
  }
  const mode = entry.executable ? '100755' : '100644'
  if (entry.size > inMemory) return { mode, oid: await batch.addStream(entry.size, entry.content) }
  const chunks: Buffer[] = []
  for await (const chunk of entry.content) chunks.push(chunk)
  return { mode, oid: batch.add('blob', Buffer.concat(chunks)) }
}

/** Gzip is known by its first two bytes. */
async function unzipped(stream: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = stream[Symbol.asyncIterator]()
  let start: Buffer = Buffer.alloc(0)
  while (start.length < 2) {
    const { done, value } = await iterator.next()
    if (done) break
    start = Buffer.concat([start, value])
  }
  const all = Readable.from(
    (async function* () {
      if (start.length > 0) yield start
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    })(),
    { objectMode: false },
  )
  if (start[0] !== 0x1f || start[1] !== 0x8b) return all
  const gunzip = zlib.createGunzip()
  all.once('error', (error) => gunzip.destroy(error))
  return tidyErrors(all.pipe(gunzip))
}

async function* tidyErrors(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error
    throw new PlatformError(
      'bad_request',
      'the archive cannot be read: its compression is damaged',
      { fix: 'Upload it again.' },
      { cause: error },
    )
  }
}

/** However small it came: no more than this is ever unpacked. */
async function* capped(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let seen = 0
  for await (const chunk of stream) {
    seen += chunk.length
    if (seen > maxUnpacked) checkTreeSize({ files: 0, bytes: seen })
    yield chunk
  }
}
