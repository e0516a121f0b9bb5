import { inFolder } from './tree-rows.ts'

/** A file of somebody's machine, with its path below the folder that it is put into. */
export interface Upload {
  name: string
  file: File
}

/** Those that would replace a file of the draft. */
export const clashesOf = (folder: string, files: readonly Upload[], paths: { has(path: string): boolean }): Upload[] =>
  files.filter(({ name }) => paths.has(inFolder(folder, name)))

/** The same files, each under a name that is free: `logo.png` beside another becomes `logo-2.png`. */
export function besideThem(folder: string, files: readonly Upload[], paths: { has(path: string): boolean }): Upload[] {
  const given = new Set<string>()
  return files.map(({ name, file }) => {
    const dot = name.lastIndexOf('.') > name.lastIndexOf('/') + 1 ? name.lastIndexOf('.') : name.length
    let free = name
    for (let count = 2; paths.has(inFolder(folder, free)) || given.has(free); count++)
      free = `${name.slice(0, dot)}-${count}${name.slice(dot)}`
    given.add(free)
    return { name: free, file }
  })
}

/** A version control's own data, what is installed, and what a machine leaves everywhere are not part of a service's source. */
const leftOut = /(^|\/)(\.git|node_modules|__pycache__|\.DS_Store|Thumbs\.db)(\/|$)/

/** Of a file input; from a folder they come with its name. */
export const chosenFiles = (files: FileList | null): Upload[] =>
  sourcesOf([...(files ?? [])].map((file) => ({ name: file.webkitRelativePath || file.name, file })))

/** What was dropped: files, and folders with all that is in them. Must be called in the event itself. */
export async function droppedFiles(data: DataTransfer): Promise<Upload[]> {
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  if (entries.length === 0) return chosenFiles(data.files)
  return sourcesOf((await Promise.all(entries.map(filesBelow))).flat())
}

async function filesBelow(entry: FileSystemEntry): Promise<Upload[]> {
  const name = entry.fullPath.replace(/^\//, '')
  if (leftOut.test(name)) return []
  if (isFile(entry)) return [{ name, file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)) }]
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: FileSystemEntry[] = []
  // It gives a hundred at a time.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) break
    found.push(...some)
  }
  return (await Promise.all(found.map(filesBelow))).flat()
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const sourcesOf = (files: Upload[]) => files.filter(({ name }) => !leftOut.test(name))
