import { chmodSync, chownSync, constants, copyFileSync, lchownSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import { run } from './run.ts'

/** Copying these few in this process takes less time than starting `cp`. */
const few = 150
const small = 4 * 2 ** 20

export interface Owner {
  uid: number
  gid: number
}

/** Files, folders and links; sockets and devices are left out. Links are copied as they are, and mean the sandbox's paths. */
export async function copyTree(from: string, to: string, owner: Owner | undefined): Promise<void> {
  const entries = listFew(from)
  if (!entries) {
    await run('cp', ['-a', '--reflink=auto', '--no-preserve=ownership', '--', `${from}/.`, to])
    await handOver(to, owner)
    return
  }
  own(to, owner)
  for (const path of entries) {
    const source = `${from}/${path}`
    const target = `${to}/${path}`
    const stat = lstatSync(source)
    if (stat.isDirectory()) mkdirSync(target)
    else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else if (stat.isFile()) copyFileSync(source, target, constants.COPYFILE_FICLONE)
    else continue
    if (!stat.isSymbolicLink()) chmodSync(target, (stat.mode & 0o777) | (stat.isDirectory() ? 0o700 : 0o600))
    own(target, owner)
  }
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

/** Parents before what is in them; undefined as soon as there is too much. */
function listFew(folder: string): string[] | undefined {
  const found: string[] = []
  let bytes = 0
  const pending = ['']
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    for (const entry of readdirSync(`${folder}/${parent}`, { withFileTypes: true })) {
      const path = parent ? `${parent}/${entry.name}` : entry.name
      found.push(path)
      if (entry.isDirectory()) pending.push(path)
      else if (entry.isFile()) bytes += lstatSync(`${folder}/${path}`).size
      if (found.length > few || bytes > small) return undefined
    }
  }
  return found
}
