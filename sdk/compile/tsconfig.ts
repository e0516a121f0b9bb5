import { parse } from 'jsonc-parser'
import type { ParseError } from 'jsonc-parser'
import type { TransformOptions } from 'esbuild'
import { posix } from 'node:path'
import { readText } from './tree-files.ts'

interface Options {
  /** The options that change what JavaScript comes out. */
  tsconfig: NonNullable<TransformOptions['tsconfigRaw']>
  paths?: Record<string, string[]>
}

const meaningful = [
  'experimentalDecorators',
  'useDefineForClassFields',
  'jsx',
  'jsxFactory',
  'jsxFragmentFactory',
  'jsxImportSource',
  'verbatimModuleSyntax',
  'target',
  'alwaysStrict',
  'strict',
]

/** What a tree's tsconfig.json says that matters without a type checker; one that `extends` a file of the tree is followed. */
export async function compilerOptions(app: string, paths: readonly string[]): Promise<Options> {
  const files = new Set(paths)
  const merged: Record<string, unknown> = {}
  let base = '.'
  const chain: string[] = []
  for (
    let name: string | undefined = 'tsconfig.json';
    name && files.has(name) && chain.length < 5 && !chain.includes(name);
  ) {
    chain.push(name)
    const errors: ParseError[] = []
    const value: unknown = parse((await readText(app, name)) ?? '', errors, { allowTrailingComma: true })
    const { compilerOptions: own, extends: parent } = (value ?? {}) as {
      compilerOptions?: Record<string, unknown>
      extends?: unknown
    }
    if (own?.paths && !merged.paths)
      base = posix.join(posix.dirname(name), typeof own.baseUrl === 'string' ? own.baseUrl : '.')
    for (const [key, option] of Object.entries(own ?? {})) merged[key] ??= option
    name =
      typeof parent === 'string' && parent.startsWith('.')
        ? posix.join(posix.dirname(name), parent.endsWith('.json') ? parent : `${parent}.json`)
        : undefined
  }
  const kept = Object.fromEntries(meaningful.filter((key) => key in merged).map((key) => [key, merged[key]]))
  const aliases = pathsOf(merged.paths, base)
  return { tsconfig: { compilerOptions: { jsx: 'react-jsx', ...kept } }, ...(aliases && { paths: aliases }) }
}

function pathsOf(paths: unknown, base: string): Record<string, string[]> | undefined {
  if (typeof paths !== 'object' || paths === null) return undefined
  const entries = Object.entries(paths).flatMap(([pattern, targets]): [string, string[]][] => {
    const inside = (Array.isArray(targets) ? targets : [])
      .filter((target): target is string => typeof target === 'string')
      .map((target) => posix.join(base, target))
      .filter((target) => !target.startsWith('../'))
    return inside.length > 0 ? [[pattern, inside]] : []
  })
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}
