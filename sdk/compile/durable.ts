import { execFile } from 'node:child_process'
import { mkdir, open, readdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** Beyond so many files one call for the whole file system is faster than one for each. */
const oneByOne = 64
const together = 16

/** Temporary, fsync, rename: what is read later is whole, or the one before. */
export async function writeDurably(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`
  await writeFile(temporary, content, { mode: 0o644, flush: true })
  await renameDurably(temporary, file)
}

export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to)
  await sync(dirname(to))
}

/**
 * Everything in a folder is on the disk. Before what names it is: a file's name may get there without its content, which is
 * then empty after a power loss.
 */
export async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  if (entries.length > oneByOne && (await syncWhole(folder))) return
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
  for (let at = 0; at < paths.length; at += together) await Promise.all(paths.slice(at, at + together).map(sync))
  await sync(folder)
}

/** The file system that it is on, by sync(1) of GNU's coreutils; false where there is none. */
async function syncWhole(folder: string): Promise<boolean> {
  return promisify(execFile)('sync', ['--file-system', folder]).then(
    () => true,
    () => false,
  )
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  await file.sync().finally(() => file.close())
}
