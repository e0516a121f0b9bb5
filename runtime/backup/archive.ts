import { constants, createReadStream } from 'node:fs'
import { chmod, lchown, mkdir, open, readlink, statfs, symlink } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract, type Pack } from 'tar-stream'
import { PlatformError } from '#contract/errors.ts'
import { type Found, ifGone, isAt } from './walk.ts'

/** Adds a file, a folder or a link as it is now; what vanished meanwhile, sockets and devices are left out. */
export async function addFound(pack: Pack, root: string, { path, info }: Found, name: string): Promise<void> {
  const header = { name, mode: info.mode & 0o777, mtime: info.mtime, uid: info.uid, gid: info.gid }
  if (info.isDirectory()) return void (await added(pack, { ...header, type: 'directory' }))
  if (info.isSymbolicLink()) {
    const linkname = await readlink(join(root, path)).catch(ifGone)
    if (linkname !== undefined) await added(pack, { ...header, type: 'symlink', linkname })
    return
  }
  if (!info.isFile()) return
  const file = await open(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW).catch(ifGone)
  if (file === undefined) return
  try {
    if (!(await isAt(file, root, path))) return
    const { size } = await file.stat()
    await pipeline(
      Readable.from(exactly(file.createReadStream({ autoClose: false }), size)),
      pack.entry({ ...header, size }),
    )
  } finally {
    await file.close()
  }
}

export async function addBytes(
  pack: Pack,
  name: string,
  bytes: string | { path: string; size: number },
): Promise<void> {
  if (typeof bytes === 'string')
    await pipeline(
      Readable.from([Buffer.from(bytes)]),
      pack.entry({ name, size: Buffer.byteLength(bytes), mode: 0o600 }),
    )
  else
    await pipeline(
      Readable.from(exactly(createReadStream(bytes.path), bytes.size)),
      pack.entry({ name, size: bytes.size, mode: 0o600 }),
    )
}

/** What a file grew by is left out and what it lost is zeros: its size is in the archive before its content. */
async function* exactly(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let left = size
  for await (const part of source) {
    if (left === 0) return
    const taken = part.subarray(0, left)
    left -= taken.length
    yield taken
  }
  for (; left > 0; left -= Math.min(left, 65_536)) yield Buffer.alloc(Math.min(left, 65_536))
}

function added(pack: Pack, header: Parameters<Pack['entry']>[0]): Promise<void> {
  return new Promise((resolve, reject) => pack.entry(header, (error) => (error ? reject(error) : resolve())))
}

const mostEntries = 5_000_000

/** What services keep and what is built for them: their links, which a sandbox follows, may lead anywhere (`/usr/bin/python3`). */
const ofServices = /^home\/(?:data\/[^/]+\/[^/]+|builds\/[^/]+|cache\/modules\/[^/]+)\/./

/**
 * Unpacks into an empty folder. The archive may be hostile: no name leaves the folder, no more is written than there is
 * room for, and links are made when all files are written, so that none is written through.
 * @param wants whether an entry is to be unpacked
 * @throws PlatformError `bad_request`, `disk_full`
 */
export async function unpack(
  archive: AsyncIterable<Buffer>,
  folder: string,
  wants: (name: string) => boolean,
  most: { entries?: number; bytes?: number } = {},
): Promise<void> {
  const entries = extract()
  const links: [path: string, target: string][] = []
  const modes: [path: string, mode: number][] = []
  const { bavail, bsize } = await statfs(folder)
  const left = { entries: most.entries ?? mostEntries, bytes: most.bytes ?? bavail * bsize }
  const reading = (async () => {
    for await (const entry of entries) {
      const { name: given, type, mode = 0o600, uid, gid, linkname, size = 0 } = entry.header
      const name = given.replace(/\/$/, '')
      const refuse = (why: string) => new PlatformError('bad_request', `this is not a backup of M3O: ${why}`)
      if (
        name.split('/').some((part) => part === '' || part === '.' || part === '..') ||
        name.includes('\0') ||
        !wants(name)
      ) {
        throw refuse(`it contains ${JSON.stringify(given.slice(0, 80))}`)
      }
      if (type !== 'file' && type !== 'directory' && type !== 'symlink')
        throw refuse(`${JSON.stringify(given.slice(0, 80))} is not a file, a folder or a symbolic link`)
      if (type === 'symlink' && !ofServices.test(name) && leaves(name, linkname ?? ''))
        throw refuse(`the link ${JSON.stringify(given.slice(0, 80))} points outside its folder`)
      left.entries -= 1
      left.bytes -= size
      if (left.entries < 0) throw refuse('it has too many files')
      if (left.bytes < 0)
        throw new PlatformError('disk_full', 'the backup is larger than the free space of the disk', {
          fix: 'Free disk space, or restore to a larger disk.',
        })
      const path = join(folder, name)
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      if (type === 'directory') {
        await mkdir(path, { recursive: true, mode: 0o700 })
        modes.push([path, mode & 0o777])
      } else if (type === 'symlink') links.push([path, linkname ?? ''])
      else {
        const file = await open(path, 'wx', 0o600)
        await pipeline(entry, file.createWriteStream({ flush: true }))
        modes.push([path, mode & 0o777])
      }
      entry.resume()
      if (process.getuid?.() === 0 && type !== 'symlink' && uid !== undefined && gid !== undefined)
        await lchown(path, uid, gid)
    }
  })()
  await Promise.all([pipeline(Readable.from(archive), entries), reading])
  for (const [path, target] of links) await symlink(target, path)
  for (const [path, mode] of modes.reverse()) await chmod(path, mode)
}

/** Whether a link leads out of the folder of the home (`home/source`) that it lies in. */
function leaves(name: string, target: string): boolean {
  const top = name.startsWith('home/cache/') ? 'home/cache/modules/' : `${name.split('/', 2).join('/')}/`
  return (
    target === '' ||
    target.startsWith('/') ||
    !name.startsWith(top) ||
    !`${posix.join(posix.dirname(name), target)}/`.startsWith(top)
  )
}
