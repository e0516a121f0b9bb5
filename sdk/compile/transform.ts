import { version } from 'esbuild'
import type { Loader, Message, TransformFailure, TransformOptions } from 'esbuild'
import { createHash } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PlatformError } from '#contract/errors.ts'
import type { TransformIndex } from '../platform/load-typescript.ts'
import { transform } from './compiler.ts'
import { writeDurably } from './durable.ts'
import { listFiles, readText } from './tree-files.ts'
import { compilerOptions } from './tsconfig.ts'

const loaders: Record<string, Loader> = { '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.tsx': 'tsx', '.jsx': 'jsx' }
const together = 16
const keptAfterMs = 100

interface Places {
  /** The tree. */
  app: string
  /** Gets `{path}.js` for each file, and index.json; made here. */
  into: string
  /** Shared by all builds: by hash of text, options and compiler. */
  cache: string
  /** Files of the tree that count; all of them when absent. */
  paths?: readonly string[]
}

/**
 * Makes JavaScript of a tree's TypeScript, file by file, positions kept. Types are not checked: that is the editor's.
 * Throws `build_failed` with file, line, column and the line itself.
 */
export async function transformTree({ app, into, cache, paths: given }: Places): Promise<TransformIndex> {
  const paths = given ?? (await listFiles(app))
  const options = await compilerOptions(app, paths)
  const kinds = await packageKinds(app, paths)
  const sources = paths.filter((path) => extname(path) in loaders && !/\.d\.[cm]?ts$/.test(path))
  const index: TransformIndex = { files: {}, ...(options.paths && { paths: options.paths }) }
  mkdirSync(into, { recursive: true })
  for (let at = 0; at < sources.length; at += together) {
    await Promise.all(
      sources.slice(at, at + together).map(async (path) => {
        const source = await readText(app, path)
        if (source === undefined) return
        const format = formatOf(path, source, kinds)
        const folder = join(into, dirname(path))
        if (!existsSync(folder)) mkdirSync(folder, { recursive: true })
        await transformFile({ path, source, format, tsconfig: options.tsconfig, cache, into: join(into, `${path}.js`) })
        index.files[path] = format
      }),
    )
  }
  writeFileSync(join(into, 'index.json'), JSON.stringify(index), { mode: 0o644 })
  return index
}

type Format = 'module' | 'commonjs'

/** As Node decides for JavaScript: by extension, by the nearest package.json, else by what is written. */
function formatOf(path: string, source: string, kinds: ReadonlyMap<string, Format>): Format {
  if (path.endsWith('.mts')) return 'module'
  if (path.endsWith('.cts')) return 'commonjs'
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const kind = kinds.get(folder)
    if (kind) return kind
    if (folder === '.') break
  }
  return /^[^\S\n]*(import\b(?!\s*\()|export\b)|\bimport\.meta\b|^await\b/m.test(source) ? 'module' : 'commonjs'
}

async function packageKinds(app: string, paths: readonly string[]): Promise<Map<string, Format>> {
  const kinds = new Map<string, Format>()
  for (const path of paths.filter((each) => basename(each) === 'package.json')) {
    const type = /"type"\s*:\s*"(module|commonjs)"/.exec((await readText(app, path)) ?? '')?.[1]
    if (type) kinds.set(dirname(path), type as Format)
  }
  return kinds
}

interface OneFile {
  path: string
  source: string
  format: Format
  tsconfig: NonNullable<TransformOptions['tsconfigRaw']>
  cache: string
  /** File that gets its JavaScript. */
  into: string
}

async function transformFile({ path, source, format, tsconfig, cache, into }: OneFile): Promise<void> {
  const options: TransformOptions = {
    loader: loaders[extname(path)] ?? 'ts',
    target: 'node24',
    sourcemap: 'inline',
    sourcesContent: false,
    // Beside the original, so that a stack names it.
    sourcefile: basename(path),
    tsconfigRaw: tsconfig,
    logLevel: 'silent',
    ...(format === 'commonjs' && { format: 'cjs' as const }),
    ...(format === 'module' && bannerFor(source)),
  }
  const key = createHash('sha256')
    .update(JSON.stringify([version, options]))
    .update(source)
    .digest('hex')
  const file = join(cache, key.slice(0, 2), key)
  rmSync(into, { force: true }) // never written over: it may be the cache's own
  if (link(file, into)) return
  try {
    const { code } = await transform(source, options)
    writeFileSync(into, code, { mode: 0o644 })
    keep(file, code)
  } catch (error) {
    const first = (error as TransformFailure).errors?.[0]
    if (!first) throw error
    throw notTypeScript(path, source, first)
  }
}

/** What was transformed before is the same file: neither is ever written to. False where there is none. */
function link(file: string, into: string): boolean {
  try {
    linkSync(file, into)
    const now = new Date()
    utimesSync(file, now, now) // the sweep takes what was not used for long
    return true
  } catch {
    return false
  }
}

const keeping = new Set<Promise<void>>()

/** In the background: whoever deploys has the disk first. What could not be written is transformed again. */
function keep(file: string, code: string): void {
  const kept = delay(keptAfterMs)
    .then(() => writeDurably(file, code))
    .catch(() => {})
    .finally(() => keeping.delete(kept))
  keeping.add(kept)
}

/** Resolves when all that was transformed is in its cache. */
export async function cached(): Promise<void> {
  await Promise.all(keeping)
}

/** TypeScript that was written for CommonJS but in the words of modules uses these all the same. */
function bannerFor(source: string): { banner?: string } {
  const lacks = (name: string) =>
    new RegExp(`(?<![.\\w$])${name}\\b`).test(source) &&
    !new RegExp(`(const|let|var|function)\\s+(\\{[^{}]*)?\\b${name}\\b`).test(source)
  const needs = [
    lacks('__dirname') && 'const __dirname = import.meta.dirname;',
    lacks('__filename') && 'const __filename = import.meta.filename;',
    /(?<![.\w$])require\s*\(/.test(source) &&
      lacks('require') &&
      "const require = process.getBuiltinModule('module').createRequire(import.meta.url);",
  ].filter((line) => line !== false)
  return needs.length > 0 ? { banner: needs.join(' ') } : {}
}

function notTypeScript(path: string, source: string, { text, location }: Message): PlatformError {
  const line = location?.line ?? 1
  const column = (location?.column ?? 0) + 1
  return new PlatformError('build_failed', `${path}:${line}:${column}: ${text}\n${frame(source, line, column)}`, {
    fix: `Correct ${path} at line ${line}.`,
    data: { file: path, line, column },
  })
}

/** The lines around the fault, with a mark under it. */
function frame(source: string, line: number, column: number): string {
  const lines = source.split('\n')
  const first = Math.max(1, line - 2)
  const width = String(line + 1).length
  return lines
    .slice(first - 1, line + 1)
    .flatMap((content, offset) => {
      const number = first + offset
      const shown = `${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${content.slice(0, 200)}`
      return number === line ? [shown, `  ${' '.repeat(width)} | ${' '.repeat(Math.min(column - 1, 200))}^`] : [shown]
    })
    .join('\n')
}
