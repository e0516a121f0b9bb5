import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { PlatformError } from '#contract/errors.ts'
import { checkTreeLimits, maxTextBytes } from './limits.ts'
import type { Repository } from './naming.ts'
import { blobSize, readBlob, streamBlob, treeAt } from './object-reader.ts'
import type { Mode, Oid, TreeEntry } from './objects.ts'
import { checkPath, rawPath, shownPath } from './path.ts'
import { entryAt, walkTree } from './tree-edit.ts'

type FileKind = 'file' | 'executable' | 'link' | 'module'

export interface ListedFile {
  path: string
  kind: FileKind
  hash: Oid
  size: number
}

export interface ReadFile {
  path: string
  hash: Oid
  kind: FileKind
  size: number
  /** `text` holds the whole of it; a link's text is its target; `binary` and `large` are had as a stream. */
  content: 'text' | 'binary' | 'large'
  text?: string
}

function kindOf(mode: Mode): FileKind {
  return mode === '100755' ? 'executable' : mode === '120000' ? 'link' : mode === '160000' ? 'module' : 'file'
}

/** All files of a commit or tree, with sizes, by path. */
export async function listFiles(repository: Repository, at: Oid): Promise<ListedFile[]> {
  const tree = await treeAt(repository, at)
  await checkTreeLimits(repository, tree)
  const files: ListedFile[] = []
  for await (const entry of walkTree(repository, tree)) {
    const size = entry.mode === '160000' ? 0 : await blobSize(repository, entry.oid)
    files.push({ path: shownPath(entry.path), kind: kindOf(entry.mode), hash: entry.oid, size })
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

export async function readFile(repository: Repository, at: Oid, path: string): Promise<ReadFile> {
  const entry = await fileAt(repository, at, path)
  const about = { path, hash: entry.oid, kind: kindOf(entry.mode) }
  if (entry.mode === '160000') return { ...about, size: 0, content: 'binary' }
  return { ...about, ...(await readContent(repository, entry.oid)) }
}

/** A blob as text when it is one, of at most 1 MiB, in UTF-8 and without a NUL. */
export async function readContent(
  repository: Repository,
  oid: Oid,
): Promise<Pick<ReadFile, 'size' | 'content' | 'text'>> {
  const size = await blobSize(repository, oid)
  if (size > maxTextBytes) return { size, content: 'large' }
  const body = await readBlob(repository, oid)
  if (!isText(body)) return { size, content: 'binary' }
  return { size, content: 'text', text: body.toString('utf8') }
}

export async function streamFile(
  repository: Repository,
  at: Oid,
  path: string,
): Promise<{ hash: Oid; size: number; stream: Readable }> {
  const entry = await fileAt(repository, at, path)
  if (entry.mode === '160000')
    throw new PlatformError('bad_request', `${path} is a submodule, which has no content here`)
  return { hash: entry.oid, size: await blobSize(repository, entry.oid), stream: streamBlob(repository, entry.oid) }
}

function isText(body: Buffer): boolean {
  return body.indexOf(0) < 0 && isUtf8(body)
}

async function fileAt(repository: Repository, at: Oid, path: string): Promise<TreeEntry> {
  // What is there may be read under any name that a push gave it; the check is for what is not.
  const entry = await entryAt(repository, await treeAt(repository, at), rawPath(path))
  if (entry === undefined) checkPath(path)
  if (entry === undefined) throw new PlatformError('not_found', `file ${path} does not exist`, { field: 'path' })
  if (entry.mode === '40000') throw new PlatformError('bad_request', `${path} is a folder`, { field: 'path' })
  return entry
}
