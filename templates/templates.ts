import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { PlatformError } from '#contract/errors.ts'

export interface Template {
  name: string
  title: string
  description: string
  language: string
}

export interface TemplateFile {
  path: string
  content: string | Uint8Array
}

/** Starters, the default first. Each is a folder here, deployed as it stands; `SERVICE` in its text becomes the name. */
const templates: readonly Template[] = [
  {
    name: 'hello',
    title: 'Hello',
    description: 'One typed endpoint. The shortest service there is.',
    language: 'TypeScript',
  },
  {
    name: 'keeps-data',
    title: 'Keeps data',
    description: 'Notes in SQLite, in a folder that outlives deployments.',
    language: 'TypeScript',
  },
  {
    name: 'website',
    title: 'Website',
    description: 'A page, and the endpoint that it talks to.',
    language: 'TypeScript',
  },
  {
    name: 'express',
    title: 'Express',
    description: 'A plain Node server with a dependency from npm.',
    language: 'JavaScript',
  },
  {
    name: 'python',
    title: 'Python',
    description: 'Python and its standard library, described by OpenAPI.',
    language: 'Python',
  },
]

export function listTemplates(): Template[] {
  return templates.map((template) => ({ ...template }))
}

/** The files of a new service. Throws `not_found` for a template that is not there. */
export async function templateFiles(name: string, serviceName: string): Promise<TemplateFile[]> {
  if (!templates.some((template) => template.name === name)) {
    throw new PlatformError('not_found', `there is no template ${JSON.stringify(name.slice(0, 60))}`, {
      field: 'template',
      fix: `Choose one of ${templates.map((template) => template.name).join(', ')}.`,
    })
  }
  const files = await readFolder(join(import.meta.dirname, name))
  return files.map(({ path, content }) => ({ path, content: content.replaceAll('SERVICE', serviceName) }))
}

/** A folder's text files, by path. */
export async function readFolder(folder: string): Promise<{ path: string; content: string }[]> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && !entry.parentPath.includes('node_modules'),
  )
  const files = await Promise.all(
    entries.map(async (entry) => {
      const file = join(entry.parentPath, entry.name)
      return { path: relative(folder, file), content: await readFile(file, 'utf8') }
    }),
  )
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}
