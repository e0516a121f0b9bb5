import fs from 'node:fs/promises'
import { createWriteStream, constants } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PlatformError } from '#contract/errors.ts'
import { checkTreeLimits } from './limits.ts'
import type { Repository } from './naming.ts'
import { blobSize, readBlob, streamBlob, treeAt } from './object-reader.ts'
import type { Mode, Oid } from './objects.ts'
import { checkPath, maxPathBytes, pathFromBytes } from './path.ts'
import { staysInside } from './symlinks.ts'
import { walkTree } from './tree-edit.ts'

export interface TreeFile {
  path: string
  blob: Oid
  mode: Exclude<Mode, '40000' | '160000'>
  size: number
}

export interface CommitTree {
  /** Same source, same hash. */
  treeHash: Oid
  files: TreeFile[]
  /** Links that lead out of the tree, and submodules: never made. */
  skipped: string[]
}

const together = 16
const streamedAbove = 4 << 20

/** All that a build sees of a commit; refused when it holds what no build may see. */
export async function treeOf(repository: Repository, commit: Oid): Promise<CommitTree> {
  const treeHash = await treeAt(repository, commit)
  await checkTreeLimits(repository, treeHash)
  const found: CommitTree = { treeHash, files: [], skipped: [] }
  const links = new Map<string, string>()
  for await (const entry of walkTree(repository, treeHash)) {
    const name = checkPath(pathFromBytes(Buffer.from(entry.path, 'latin1')))
    if (entry.mode === '160000' || entry.mode === '40000') { found.skipped.push(name); continue }
    const size = await blobSize(repository, entry.oid)
    if (entry.mode === '120000') links.set(name, size > maxPathBytes ? '/' : (await readBlob(repository, entry.oid)).toString('utf8'))
    found.files.push({ path: name, blob: entry.oid, mode: entry.mode, size })
  }
  const leaving = new Set([...links.keys()].filter((name) => !staysInside(name, links)))
  found.skipped.push(...leaving)
  found.files = found.files.filter((file) => !leaving.has(file.path))
  return found
}

/** Writes a commit's files into a folder that is new or empty. Links come last, so that nothing is written through one. */
export async function exportTree(repository: Repository, input: { commit: Oid; into: string }): Promise<CommitTree> {
  const tree = await treeOf(repository, input.commit)
  await fs.mkdir(input.into, { recursive: true, mode: 0o755 })
  if ((await fs.readdir(input.into)).length > 0) throw new PlatformError('internal', `${input.into} is not empty`)
  const folders = new Set(tree.files.map((file) => path.dirname(file.path)).filter((folder) => folder !== '.'))
  for (const folder of folders) await fs.mkdir(path.join(input.into, folder), { recursive: true, mode: 0o755 })
  const plain = tree.files.filter((file) => file.mode !== '120000')
  for (let at = 0; at < plain.length; at += together) {
    await Promise.all(plain.slice(at, at + together).map((file) => writeFile(repository, path.join(input.into, file.path), file)))
  }
  for (const link of tree.files.filter((file) => file.mode === '120000')) {
    await fs.symlink((await readBlob(repository, link.blob)).toString('utf8'), path.join(input.into, link.path))
  }
  return tree
}

async function writeFile(repository: Repository, name: string, file: TreeFile): Promise<void> {
  const mode = file.mode === '100755' ? 0o755 : 0o644
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  if (file.size > streamedAbove) {
    const handle = await fs.open(name, flags, mode)
    await pipeline(streamBlob(repository, file.blob), createWriteStream('', { fd: handle }))
    return
  }
  await fs.writeFile(name, await readBlob(repository, file.blob), { flag: flags as unknown as string, mode })
}
