import { isBuiltin } from 'node:module'
import { dirname, extname, join, normalize } from 'node:path'
import { transform } from '#sdk/compile/compiler.ts'
import { listFiles, readText } from '#sdk/compile/tree-files.ts'
import type { TransformIndex } from '#sdk/platform/load-typescript.ts'
import type { Preload } from '../engines/engine.ts'
import type { Build } from './build.ts'

/**
 * The packages that Node loads for a build's entry before it runs the first line of the service's own code, in order.
 * Loading these ahead of time changes nothing that the service could see; those that come after some of its own code
 * (which may set variables for them, or patch what they use) are left to it.
 */
export async function preloadsOf({
  sourceDir,
  buildDir,
  entry,
}: Pick<Build, 'sourceDir' | 'buildDir' | 'entry'>): Promise<Preload[]> {
  if (entry === undefined) return []
  const files = new Set(await listFiles(sourceDir))
  const index = buildDir === undefined ? undefined : await readText(buildDir, 'index.json', 2 ** 20)
  const compiled = index === undefined ? {} : (JSON.parse(index) as TransformIndex).files
  const found: Preload[] = []
  const seen = new Set<string>()

  /** True once a line of the service's own has run. */
  async function visit(path: string): Promise<boolean> {
    if (seen.has(path)) return false
    seen.add(path)
    const code = await javaScript(path)
    if (code === undefined) return true
    for (const { specifier, kind } of importsOf(code)) {
      if (isBuiltin(specifier)) continue
      if (!/^[./#]/.test(specifier)) found.push({ specifier, kind })
      else if (await visit(pathOf(path, specifier))) return true
    }
    return true
  }

  /** One statement a line start, comments gone, quotes double: as esbuild prints it. */
  async function javaScript(path: string): Promise<string | undefined> {
    if (compiled[path] !== undefined && buildDir !== undefined) return readText(buildDir, `${path}.js`, 2 ** 20)
    const source =
      files.has(path) && /^\.[cm]?js$/.test(extname(path)) ? await readText(sourceDir, path, 2 ** 20) : undefined
    if (source === undefined) return undefined
    return transform(source, { loader: 'js', logLevel: 'silent', legalComments: 'none' }).then(
      ({ code }) => code,
      () => undefined,
    )
  }

  function pathOf(from: string, specifier: string): string {
    const path = normalize(join(dirname(from), specifier))
    const candidates = ['.ts', '.mts', '.tsx', '.js', '.mjs', '.cjs'].flatMap((ending) => [
      path + ending,
      path.replace(/\.[cm]?js$/, ending),
      join(path, `index${ending}`),
    ])
    return [path, ...candidates].find((candidate) => files.has(candidate)) ?? path
  }

  await visit(entry)
  return found
}

const statement = /^(?:import|export)\b[^"';]*\bfrom "([^"\n]+)"|^import "([^"\n]+)"/gm
const required = /^(?:"use strict"|(?:const|let|var) [^;="]+= require\("([^"\n]+)"\)|require\("([^"\n]+)"\));\n?/

/** Modules import before they run; a script requires line by line, so only its first lines count. */
function importsOf(code: string): Preload[] {
  if (/^(import|export)\b/m.test(code)) {
    return [...code.matchAll(statement)].map((match) => ({ specifier: match[1] ?? match[2] ?? '', kind: 'import' }))
  }
  const found: Preload[] = []
  for (let rest = code; ;) {
    const match = required.exec(rest)
    if (!match) return found
    const specifier = match[1] ?? match[2]
    if (specifier !== undefined) found.push({ specifier, kind: 'require' })
    rest = rest.slice(match[0].length)
  }
}
