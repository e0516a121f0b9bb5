import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Declaration } from './declare-sdk.ts'

export interface TypeFile {
  /** Where the editor is to place it: `node_modules/…`. */
  path: string
  content: string
}

const run = promisify(execFile)

let made: Promise<TypeFile[]> | undefined

/** Declarations of what a service finds without installing: `@m3o/sdk`, zod and Node. About 2 MB; made once. */
export function editorTypes(): Promise<TypeFile[]> {
  return (made ??= collect().catch((error: unknown) => {
    made = undefined
    throw error
  }))
}

async function collect(): Promise<TypeFile[]> {
  const own = (await declareSdk()).map(({ name, content }) => ({ path: `node_modules/@m3o/sdk/${name}`, content }))
  const about = {
    name: '@m3o/sdk',
    version: '1.0.0',
    type: 'module',
    exports: { '.': { types: './index.d.ts', default: './index.js' } },
  }
  const packages = await Promise.all(['zod', '@types/node', 'undici-types'].map(declarationsOf))
  return [{ path: 'node_modules/@m3o/sdk/package.json', content: JSON.stringify(about) }, ...own, ...packages.flat()]
}

/** The SDK's declarations, from its sources. The compiler works in a process of its own: it takes 60 MiB, which nobody would get back. */
export async function declareSdk(): Promise<Declaration[]> {
  const { stdout } = await run(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'declare-sdk.ts')],
    { maxBuffer: 16 << 20 },
  )
  return JSON.parse(stdout) as Declaration[]
}

/** What TypeScript reads of an installed package. */
async function declarationsOf(name: string): Promise<TypeFile[]> {
  const folder = packageFolder(name)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const wanted = entries.filter(
    (entry) =>
      entry.isFile() &&
      (entry.name.endsWith('.d.ts') || entry.name === 'package.json') &&
      !/node_modules/.test(relative(folder, entry.parentPath)),
  )
  return Promise.all(
    wanted.map(async (entry) => {
      const file = join(entry.parentPath, entry.name)
      return { path: `node_modules/${name}/${relative(folder, file)}`, content: await readFile(file, 'utf8') }
    }),
  )
}

function packageFolder(name: string): string {
  const require = createRequire(import.meta.url)
  try {
    return dirname(require.resolve(`${name}/package.json`))
  } catch {
    return dirname(createRequire(require.resolve('@types/node/package.json')).resolve(`${name}/package.json`))
  }
}
