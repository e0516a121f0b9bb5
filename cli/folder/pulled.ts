import { createHash } from 'node:crypto'
import { besideFolder, readBeside, readFolderVariables, writeBeside } from './beside.ts'
import type { FolderVariable } from './variables.ts'

const pulledFile = `${besideFolder}/pulled.json`

/** What the last pull wrote, as digests: whatever is another by now, somebody has changed here. */
export interface Pulled {
  variables?: string
  settings?: string
  /** Of each variable's value, by name. */
  values?: Record<string, string>
}

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

export async function readPulled(folder: string): Promise<Pulled> {
  return JSON.parse((await readBeside(folder, pulledFile)) ?? '{}') as Pulled
}

export async function writePulled(folder: string, pulled: Pulled & Record<string, unknown>): Promise<void> {
  await writeBeside(folder, pulledFile, `${JSON.stringify(pulled, null, 2)}\n`)
}

/** Variables of a folder: those that a pull brought, and those that somebody has set or changed here. */
export async function folderVariables(folder: string): Promise<{ pulled: FolderVariable[]; own: FolderVariable[] }> {
  const [{ values = {} }, all] = [await readPulled(folder), await readFolderVariables(folder)]
  const isPulled = ({ name, value }: FolderVariable) => values[name] === digest(value)
  return { pulled: all.filter(isPulled), own: all.filter((one) => !isPulled(one)) }
}
