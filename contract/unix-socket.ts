import { chmodSync, openSync, renameSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'
import { basename, dirname } from 'node:path'

const folders = new Map<string, number>()
/** sun_path holds 108 bytes with its final zero (unix(7)). */
const longest = 107

/** The same socket by a path short enough for the kernel, however deep `M3O_HOME` lies. */
export function socketAddress(path: string): string {
  if (Buffer.byteLength(path) <= longest || process.platform !== 'linux') return path
  const folder = dirname(path)
  let fd = folders.get(folder)
  if (fd === undefined) folders.set(folder, (fd = openSync(folder, 'r')))
  return `/proc/self/fd/${fd}/${basename(path)}`
}

/** Listens under another name and moves it into place, so that the socket is never open to others and replaces a dead one. */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  const temporary = `${path}.${process.pid.toString(36)}`
  // Left by a process of the same number that died here.
  rmSync(temporary, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketAddress(temporary), () => {
      server.off('error', reject)
      resolve()
    })
  })
  chmodSync(temporary, 0o600)
  renameSync(temporary, path)
}
