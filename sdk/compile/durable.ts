import { mkdir, open, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Temporary, fsync, rename: what is read later is whole, or the one before. */
export async function writeDurably(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`
  await writeFile(temporary, content, { mode: 0o644, flush: true })
  await renameDurably(temporary, file)
}

export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to)
  const folder = await open(dirname(to), 'r')
  await folder.sync().finally(() => folder.close())
}
