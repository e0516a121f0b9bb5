import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { run } from './run.ts'

/** Copying these few in this process takes less time than starting `cp`. */
const few = 150
const small = 4 * 2 ** 20
/** A file system that shares content between files does so for these. */
const cloned = 64 * 2 ** 10

export interface Owner {
  uid: number
  gid: number
}

/**
 * Files, folders and links; sockets and devices are left out. Links are copied as they are, and mean the sandbox's paths. Where an
 * older copy is, in which nothing runs yet, it becomes this one: what is the same stays, and what differs is written in its
 * place, as making a file takes many times as long.
 */
export async function copyTree(from: string, to: string, owner: Owner | undefined): Promise<void> {
  const [entries, there] = [listFew(from), listFew(to)]
  if (!entries || !there) {
    if (there?.size !== 0) emptyFolder(to)
    await run('cp', ['-a', '--reflink=auto', '--no-preserve=ownership', '--', `${from}/.`, to])
    await handOver(to, owner)
    return
  }
  own(to, owner)
  for (const [path, kind] of there)
    if (entries.get(path) !== kind) rmSync(`${to}/${path}`, { recursive: true, force: true })
  for (const [path, kind] of entries)
    copyOne(`${from}/${path}`, `${to}/${path}`, { kind, owner, isThere: there.get(path) === kind })
}

function copyOne(
  source: string,
  target: string,
  { kind, owner, isThere }: { kind: Kind; owner: Owner | undefined; isThere: boolean },
): void {
  if (kind === 'link') {
    if (isThere && readlinkSync(source) === readlinkSync(target)) return
    rmSync(target, { force: true })
    symlinkSync(readlinkSync(source), target)
  } else {
    const mode = (lstatSync(source).mode & 0o777) | (kind === 'folder' ? 0o700 : 0o600)
    if (kind === 'file') writeSame(source, target, isThere)
    else if (!isThere) mkdirSync(target)
    if ((lstatSync(target).mode & 0o777) !== mode) chmodSync(target, mode)
  }
  if (!isThere || kind === 'link') own(target, owner)
}

function writeSame(source: string, target: string, isThere: boolean): void {
  // Of what the kernel has at hand, reading and writing takes half as long as its own way to copy.
  if (lstatSync(source).size > cloned) return copyFileSync(source, target, constants.COPYFILE_FICLONE)
  const content = readFileSync(source)
  if (!isThere || !content.equals(readFileSync(target))) writeFileSync(target, content)
}

export function emptyFolder(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(`${folder}/${name}`, { recursive: true, force: true })
}

/** Gives a whole folder to a team. Only for folders in which nothing runs yet: links in it are not followed. */
export async function handOver(folder: string, owner: Owner | undefined): Promise<void> {
  if (owner) await run('chown', ['-R', '-h', '-P', `${owner.uid}:${owner.gid}`, '--', folder])
}

export const isOwned = (folder: string, owner: Owner | undefined) => !owner || lstatSync(folder).uid === owner.uid

function own(path: string, owner: Owner | undefined): void {
  if (!owner) return
  if (lstatSync(path).isSymbolicLink()) lchownSync(path, owner.uid, owner.gid)
  else chownSync(path, owner.uid, owner.gid)
}

type Kind = 'folder' | 'file' | 'link'

/** Parents before what is in them; undefined as soon as there is too much. */
function listFew(folder: string): Map<string, Kind> | undefined {
  const found = new Map<string, Kind>()
  let bytes = 0
  const pending = ['']
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    for (const entry of readdirSync(`${folder}/${parent}`, { withFileTypes: true })) {
      const path = parent ? `${parent}/${entry.name}` : entry.name
      const kind = entry.isDirectory()
        ? 'folder'
        : entry.isFile()
          ? 'file'
          : entry.isSymbolicLink()
            ? 'link'
            : undefined
      if (kind === undefined) continue
      found.set(path, kind)
      if (kind === 'folder') pending.push(path)
      if (kind === 'file') bytes += lstatSync(`${folder}/${path}`).size
      if (found.size > few || bytes > small) return undefined
    }
  }
  return found
}
