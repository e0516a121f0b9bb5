import { mkdir, readFile, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '#sdk/compile/durable.ts'
import { isClass } from './trust.ts'

/*
 * What of the cache belongs to one trust class alone: `cache/downloads/{class}` is what builds of the class write to,
 * `cache/modules/{class}/{key}` is what was installed, `cache/locks/{class}/{key}.json` is what it was resolved to.
 * `cache/resolved/{key}` is the platform's own note of when dependencies were first resolved, in whatever class.
 */

export const classFolders = ['downloads', 'modules', 'locks'] as const

/** The folder that sandboxes of a class have at /downloads. Its time says when it was last used. */
export async function openDownloads(cache: string, trust: string): Promise<string> {
  const folder = join(cache, 'downloads', trust)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const now = new Date()
  await utimes(folder, now, now)
  return folder
}

/**
 * Removes what was written when all builds of a team shared one cache. Installed dependencies stay for the instances
 * that run with them, as `cache/modules/{key}`, where no build looks for them; the sweep takes them.
 */
export async function dropUntrusted(cache: string): Promise<void> {
  const old = async (folder: string) =>
    (await readdir(join(cache, folder)).catch(() => [])).filter((name) => !isClass(name))
  for (const name of await old('downloads')) await rm(join(cache, 'downloads', name), { recursive: true, force: true })
  for (const name of await old('locks')) {
    const file = join(cache, 'locks', name)
    await noteResolved(cache, name.replace(/\.json$/, ''), (await stat(file)).mtime)
    await rm(file, { recursive: true, force: true })
  }
}

/** When dependencies were first resolved: an ISO 8601 time. */
export async function resolvedAt(cache: string, key: string): Promise<string | undefined> {
  const text = await readFile(join(cache, 'resolved', key), 'utf8').catch(() => '')
  return Number.isNaN(Date.parse(text)) ? undefined : text
}

export async function noteResolved(cache: string, key: string, at: Date): Promise<void> {
  if ((await resolvedAt(cache, key)) === undefined) await writeDurably(join(cache, 'resolved', key), at.toISOString())
}
