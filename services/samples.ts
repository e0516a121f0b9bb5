import { join } from 'node:path'
import { readFolder } from '#templates/templates.ts'

/** The sample services, callees first. */
const names = ['guestbook', 'greeter', 'feed'] as const

/** Name and files of each service that a new installation begins with. */
export function sampleServices(): Promise<{ name: string; files: { path: string; content: string }[] }[]> {
  return Promise.all(names.map(async (name) => ({ name, files: await readFolder(join(import.meta.dirname, name)) })))
}
