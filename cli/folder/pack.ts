import { createReadStream } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PassThrough, type Readable } from 'node:stream'
import tar from 'tar-stream'

/** A tar stream of these files of the folder; read as it is sent, so that large ones need no memory. */
export function packFolder(folder: string, paths: readonly string[]): Readable {
  const pack = tar.pack()
  const out = new PassThrough()
  void pipeline(pack as unknown as Readable, out).catch((error: Error) => out.destroy(error))
  void add().then(
    () => pack.finalize(),
    (error: unknown) => pack.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  return out

  async function add(): Promise<void> {
    for (const path of paths) {
      const found = await lstat(join(folder, path))
      if (found.isSymbolicLink())
        pack.entry({ name: path, type: 'symlink', linkname: await readlink(join(folder, path)) })
      else
        await pipeline(
          createReadStream(join(folder, path), { end: Math.max(0, found.size - 1) }),
          pack.entry({ name: path, size: found.size, mode: found.mode & 0o111 ? 0o755 : 0o644 }),
        )
    }
  }
}
