import fs from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import zlib from 'node:zlib'
import { PlatformError } from '#contract/errors.ts'
import { askCatFile, type ObjectInfo } from './cat-file.ts'
import { exitOf, killGit, spawnGit } from './git.ts'
import type { Repository } from './naming.ts'
import { decodeCommit, decodeTree, emptyTree, type Commit, type ObjectType, type Oid, type Tree } from './objects.ts'
import { Recent } from './recent.ts'

/** More than this is only ever streamed. */
const maxInMemory = 32 << 20

// Objects never change, and their names say what is in them, so these hold for all repositories at once.
const trees = new Recent<Tree>(200_000)
const commits = new Recent<Commit>(5_000)
const sizes = new Recent<number>(200_000)
/** By repository and name, as what another service has is not this one's to read. In bytes. */
const blobs = new Recent<Buffer>(2 << 20)
const mostRemembered = 128 << 10
/** Trees of what is being written, by repository and name of the tree or the commit. */
const ownTrees = new Recent<Oid>(5_000)

export function loosePath(repository: Repository, oid: Oid): string {
  return path.join(repository.dir, 'objects', oid.slice(0, 2), oid.slice(2))
}

export async function objectInfo(repository: Repository, oid: Oid): Promise<ObjectInfo | undefined> {
  return (await looseInfo(repository, oid)) ?? (await askCatFile(repository.dir, oid, false))
}

export async function blobSize(repository: Repository, oid: Oid): Promise<number> {
  const known = sizes.get(oid)
  if (known !== undefined) return known
  const info = await objectInfo(repository, oid)
  if (info === undefined) throw new Error(`object ${oid} is missing from ${repository.serviceId}`)
  sizes.set(oid, info.size)
  return info.size
}

export function rememberSize(oid: Oid, size: number): void {
  sizes.set(oid, size)
}

/** Whole content of an object of at most 32 MB. */
async function readObject(repository: Repository, oid: Oid): Promise<{ type: ObjectType; body: Buffer } | undefined> {
  const loose = await readLoose(repository, oid)
  if (loose !== undefined) return loose
  const info = await askCatFile(repository.dir, oid, false)
  if (info === undefined) return undefined
  if (info.size > maxInMemory) throw tooLarge(info.size)
  const found = await askCatFile(repository.dir, oid, true)
  return found?.body === undefined ? undefined : { type: found.type, body: found.body }
}

export async function readBlob(repository: Repository, oid: Oid): Promise<Buffer> {
  const known = blobs.get(ownKey(repository, oid))
  if (known !== undefined) return known
  const found = await readObject(repository, oid)
  if (found?.type !== 'blob')
    throw new PlatformError('not_found', `file ${oid} does not exist in the source of this service`)
  return found.body
}

/** Of what was just written, or is about to be. */
export function rememberBlob(repository: Repository, oid: Oid, body: Uint8Array): void {
  if (body.length <= mostRemembered) blobs.set(ownKey(repository, oid), Buffer.from(body), body.length)
}

const ownKey = (repository: Repository, oid: Oid): string => `${repository.dir} ${oid}`

/** A blob of any size in bounded memory; ends with an error when git does. */
export function streamBlob(repository: Repository, oid: Oid): Readable {
  const child = spawnGit(repository.dir, ['cat-file', 'blob', oid])
  child.stdin.end()
  child.stderr.resume()
  child.stdout.once('close', () => killGit(child))
  void exitOf(child).then(
    (code) => {
      if (code !== 0) child.stdout.destroy(new Error(`git cat-file ended with ${code}`))
    },
    (error: Error) => child.stdout.destroy(error),
  )
  return child.stdout
}

export async function readTree(repository: Repository, oid: Oid): Promise<Tree> {
  if (oid === emptyTree) return new Map()
  const known = trees.get(oid)
  if (known !== undefined) return known
  const found = await readObject(repository, oid)
  if (found?.type !== 'tree')
    throw new PlatformError('not_found', `folder ${oid} does not exist in the source of this service`)
  return rememberTree(oid, decodeTree(found.body))
}

/** Of what was just written, or is about to be. */
export function rememberOwnTree(repository: Repository, oid: Oid, tree: Tree): void {
  rememberTree(oid, tree)
  ownTrees.set(ownKey(repository, oid), oid)
}

/** The same. */
export function rememberOwnCommit(repository: Repository, oid: Oid, commit: Commit): void {
  commits.set(oid, commit)
  ownTrees.set(ownKey(repository, oid), commit.tree)
}

function rememberTree(oid: Oid, tree: Tree): Tree {
  trees.set(oid, tree, tree.size + 1)
  return tree
}

export async function readCommit(repository: Repository, oid: Oid): Promise<Commit> {
  const known = commits.get(oid)
  if (known !== undefined) return known
  const found = await readObject(repository, oid)
  if (found?.type !== 'commit')
    throw new PlatformError('not_found', `revision ${oid.slice(0, 10)} of this service does not exist`)
  const commit = decodeCommit(found.body)
  commits.set(oid, commit)
  return commit
}

/** The tree that a commit, or a tree, stands for; it must be in this repository, whatever another has. */
export async function treeAt(repository: Repository, oid: Oid): Promise<Oid> {
  const own = oid === emptyTree ? oid : ownTrees.get(ownKey(repository, oid))
  if (own !== undefined) return own
  const info = await objectInfo(repository, oid)
  if (info?.type === 'tree') return oid
  if (info?.type === 'commit') return (await readCommit(repository, oid)).tree
  throw new PlatformError('not_found', `revision ${oid.slice(0, 10)} of this service does not exist`)
}

async function looseInfo(repository: Repository, oid: Oid): Promise<ObjectInfo | undefined> {
  const file = await openLoose(repository, oid)
  if (file === undefined) return undefined
  try {
    const start = Buffer.alloc(256)
    const { bytesRead } = await file.read(start, 0, start.length, 0)
    return parseHeader(zlib.inflateSync(start.subarray(0, bytesRead), { finishFlush: zlib.constants.Z_SYNC_FLUSH }))
  } finally {
    await file.close()
  }
}

async function readLoose(repository: Repository, oid: Oid): Promise<{ type: ObjectType; body: Buffer } | undefined> {
  const file = await openLoose(repository, oid)
  if (file === undefined) return undefined
  try {
    const packed = (await file.stat()).size > maxInMemory ? undefined : await file.readFile()
    if (packed === undefined) throw tooLarge(maxInMemory)
    const all = zlib.inflateSync(packed, { maxOutputLength: maxInMemory + 64 })
    const info = parseHeader(all)
    return { type: info.type, body: all.subarray(all.length - info.size) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxInMemory)
    throw error
  } finally {
    await file.close()
  }
}

async function openLoose(repository: Repository, oid: Oid): Promise<fs.FileHandle | undefined> {
  try {
    return await fs.open(loosePath(repository, oid), 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parseHeader(inflated: Buffer): ObjectInfo {
  const [type, size] = inflated.toString('latin1', 0, inflated.indexOf(0)).split(' ')
  return { type: type as ObjectType, size: Number(size) }
}

function tooLarge(size: number): PlatformError {
  return new PlatformError('too_large', `the file is too large to show at once (${Math.ceil(size / (1 << 20))} MB)`, {
    fix: 'Download it instead.',
  })
}
