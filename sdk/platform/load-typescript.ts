import { existsSync, readFileSync, statSync } from 'node:fs'
import { registerHooks, setSourceMapsSupport } from 'node:module'
import { join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** What runtime/builds wrote beside the transformed files. */
export interface TransformIndex {
  /** Path in the tree → format in which its JavaScript, `{path}.js`, is loaded. */
  files: Record<string, 'module' | 'commonjs'>
  /** tsconfig.json's `paths`: pattern with at most one `*` → candidates, relative to the tree. */
  paths?: Record<string, string[]>
}

const missing = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_UNSUPPORTED_DIR_IMPORT'])
const endings = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json']

/**
 * Loads the build's JavaScript in the place of the tree's TypeScript, and resolves what Node alone refuses and real
 * services write: imports without an extension, of folders, of `./x.js` for `x.ts`, by tsconfig's `paths`. `@m3o/sdk`
 * is the platform's, and so is zod unless the service brings its own. The service's own files are known only from
 * `readIndex` on.
 */
export function loadTypeScript({ platform, app }: { platform: string; app: string }): { readIndex: () => void } {
  const build = process.env.M3O_BUILD ?? join(platform, 'build')
  let index: TransformIndex = { files: {} }
  const root = pathToFileURL(app + sep).href
  const sdk = pathToFileURL(join(platform, 'node_modules/@m3o/sdk/index.js')).href
  const platformParent = pathToFileURL(join(platform, 'preload.mjs')).href
  let ownZod: boolean | undefined

  const ours = (url: string | undefined): url is string =>
    url !== undefined && url.startsWith(root) && !url.includes('/node_modules/')

  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === '@m3o/sdk') return { url: sdk, format: 'module', shortCircuit: true }
      if (specifier === 'zod' || specifier.startsWith('zod/')) {
        ownZod ??= existsSync(join(app, 'node_modules/zod/package.json'))
        return next(specifier, ownZod ? context : { ...context, parentURL: platformParent })
      }
      if (!ours(context.parentURL)) return next(specifier, context)
      const aliased = index.paths && byPaths(specifier, index.paths, app)
      if (aliased) return { url: aliased, shortCircuit: true }
      try {
        return next(specifier, context)
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? ''
        const found =
          missing.has(code) && /^(\.|\/|file:)/.test(specifier)
            ? nearest(new URL(specifier, context.parentURL))
            : undefined
        if (!found) throw error
        // Not by `next`: that of `require` takes no URLs.
        return { url: found, shortCircuit: true }
      }
    },
    load(url, context, next) {
      if (!ours(url)) return next(url, context)
      const path = decodeURIComponent(url.slice(root.length).replace(/[?#].*$/, ''))
      const format = index.files[path]
      if (!format) return next(url, context)
      return { format, source: readFileSync(join(build, `${path}.js`), 'utf8'), shortCircuit: true }
    },
  })
  return {
    readIndex() {
      index = read(join(build, 'index.json'))
      // Positions in error messages and stacks are those of the TypeScript.
      if (Object.keys(index.files).length > 0) setSourceMapsSupport(true, { nodeModules: false, generatedCode: false })
    },
  }
}

function read(file: string): TransformIndex {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TransformIndex
  } catch {
    return { files: {} } // Nothing was transformed: a service without TypeScript.
  }
}

/** The file that was meant: with an extension, TypeScript for JavaScript, or the folder's index. */
function nearest(url: URL): string | undefined {
  const path = fileURLToPath(new URL(url.pathname, 'file:///'))
  const candidates = endings.map((ending) => path + ending)
  const script = /\.([cm]?)jsx?$/.exec(path)
  if (script)
    candidates.unshift(path.slice(0, script.index) + `.${script[1] ?? ''}ts`, path.slice(0, script.index) + '.tsx')
  candidates.push(...endings.map((ending) => join(path, `index${ending}`)))
  const found = candidates.find(isFile)
  return found && pathToFileURL(found).href + url.search
}

function byPaths(specifier: string, paths: Record<string, string[]>, app: string): string | undefined {
  if (/^(\.|\/|node:|file:)/.test(specifier)) return undefined
  for (const [pattern, targets] of Object.entries(paths)) {
    const [before = '', after] = pattern.split('*')
    const fits = after === undefined ? specifier === pattern : specifier.startsWith(before) && specifier.endsWith(after)
    if (!fits) continue
    const middle = after === undefined ? '' : specifier.slice(before.length, specifier.length - after.length)
    for (const target of targets) {
      const path = join(
        app,
        target.replace('*', () => middle),
      )
      const found = isFile(path) ? pathToFileURL(path).href : nearest(pathToFileURL(path))
      if (found) return found
    }
  }
  return undefined
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
