import fs from 'node:fs/promises'
import { createWriteStream, constants, linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
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

interface TreeFile {
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
/** Below, one is written at once: by way of another thread it takes many times as long. */
const smallBytes = 256 << 10
const streamedAbove = 4 << 20

/** All that a build sees of a commit; refused when it holds what no build may see. */
export async function treeOf(repository: Repository, commit: Oid): Promise<CommitTree> {
  const treeHash = await treeAt(repository, commit)
  await checkTreeLimits(repository, treeHash)
  const found: CommitTree = { treeHash, files: [], skipped: [] }
  const links = new Map<string, string>()
  for await (const entry of walkTree(repository, treeHash)) {
    const name = checkPath(pathFromBytes(Buffer.from(entry.path, 'latin1')))
    if (entry.mode === '160000' || entry.mode === '40000') {
      found.skipped.push(name)
      continue
    }
    const size = await blobSize(repository, entry.oid)
    if (entry.mode === '120000')
      links.set(name, size > maxPathBytes ? '/' : (await readBlob(repository, entry.oid)).toString('utf8'))
    found.files.push({ path: name, blob: entry.oid, mode: entry.mode, size })
  }
  const leaving = new Set([...links.keys()].filter((name) => !staysInside(name, links)))
  found.skipped.push(...leaving)
  found.files = found.files.filter((file) => !leaving.has(file.path))
  return found
}

/** A folder that has the files of a tree, to none of which anything is ever written. */
export interface Exported {
  folder: string
  tree: Oid
}

/**
 * Writes a commit's files into a folder that is new or empty; those that `like` has as well become the same files. Links come last, so
 * that nothing is written through one.
 */
export async function exportTree(
  repository: Repository,
  input: { commit: Oid; into: string; like?: Exported | undefined },
): Promise<CommitTree> {
  const { into, like } = input
  const tree = await treeOf(repository, input.commit)
  mkdirSync(into, { recursive: true, mode: 0o755 })
  if (readdirSync(into).length > 0) throw new PlatformError('internal', `${into} is not empty`)
  const folders = new Set(tree.files.map((file) => path.dirname(file.path)).filter((folder) => folder !== '.'))
  for (const folder of folders) mkdirSync(path.join(into, folder), { recursive: true, mode: 0o755 })
  // What serves may be of a history that was pushed away since.
  const alike = like && (await treeOf(repository, like.tree).catch(() => undefined))
  const there = new Map(alike?.files.map((file) => [file.path, file]))
  const isThere = ({ path: name, blob, mode }: TreeFile) =>
    there.get(name)?.blob === blob && there.get(name)?.mode === mode
  const plain = tree.files.filter((file) => file.mode !== '120000')
  for (let at = 0; at < plain.length; at += together) {
    await Promise.all(
      plain.slice(at, at + together).map(async (file) => {
        const name = path.join(into, file.path)
        if (like === undefined || !isThere(file) || !linked(path.join(like.folder, file.path), name))
          await writeFile(repository, name, file)
      }),
    )
  }
  for (const link of tree.files.filter((file) => file.mode === '120000')) {
    symlinkSync((await readBlob(repository, link.blob)).toString('utf8'), path.join(into, link.path))
  }
  return tree
}

/** Making a file takes ten times as long. False where it cannot be, as where it has too many names. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch {
    return false
  }
}

async function writeFile(repository: Repository, name: string, file: TreeFile): Promise<void> {
  const mode = file.mode === '100755' ? 0o755 : 0o644
  const flag = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  if (file.size > streamedAbove) {
    const handle = await fs.open(name, flag, mode)
    await pipeline(streamBlob(repository, file.blob), createWriteStream('', { fd: handle }))
    return
  }
  const body = await readBlob(repository, file.blob)
  if (body.length <= smallBytes) writeFileSync(name, body, { flag: flag as unknown as string, mode })
  else await fs.writeFile(name, body, { flag: flag as unknown as string, mode })
}
