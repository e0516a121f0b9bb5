import { maxReadmeChars, packageFileBound, parseBounded } from './bounds.ts'
import { PlatformError } from './errors.ts'
import { manifestFile, parseManifest } from './manifest.ts'
import type { Manifest, ManifestKey, Runtime } from './manifest.ts'

/** How an instance is started: a module that Node runs, a program with arguments, or a shell command line. */
type Start = { kind: 'entry'; entry: string } | { kind: 'program'; argv: string[] } | { kind: 'shell'; line: string }

/** Everything that a service's files say, with conventions and defaults filled in. */
export interface Resolved {
  runtime: Runtime
  start: Start
  /** A shell command line that is run once, in the writable tree, before the service is started. */
  build?: string
  health: string
  instances: { min: number; max: number }
  /** MiB */
  memory: number
  /** Processors. */
  cpu: number
  pids: number
  /** Milliseconds without a call after which it sleeps. */
  idle: number | 'never'
  /** First paragraph of README, as plain text. */
  description?: string
  /** What the file itself says: these win over the console's settings, which shows them as locked. */
  manifest: Manifest
  locked: ManifestKey[]
}

const defaults = {
  health: '/health',
  instances: { min: 1, max: 1 },
  memory: 256,
  cpu: 1,
  pids: 128,
  idle: 'never',
} as const

/** Reads one text file of the service's tree; undefined when there is none. */
export type ReadText = (path: string) => string | undefined

/**
 * What to run, from the files of a service's tree: m3o.json first, then convention.
 * Throws `invalid_manifest`: a broken m3o.json or package.json, or nothing to run was found; the last only when it is
 * built already, as a build may make what is run.
 */
export function resolveManifest(paths: Iterable<string>, read: ReadText, { built = true } = {}): Resolved {
  const files = new Set(paths)
  const manifest = files.has(manifestFile) ? parseManifest(read(manifestFile) ?? '') : {}
  const runtime = manifest.runtime ?? runtimeOf(files) ?? (manifest.command ? 'command' : undefined)
  if (runtime === undefined) throw nothingToRun(files)
  const description = describeReadme(readme(files, read))
  const build = buildOf(manifest, runtime, files, read)
  return {
    runtime,
    start: startOf(manifest, runtime, { files, read, later: build !== undefined && !built }),
    ...(build !== undefined && { build }),
    health: manifest.health ?? defaults.health,
    instances: manifest.instances ?? defaults.instances,
    memory: manifest.memory ?? (runtime === 'java' ? 512 : defaults.memory),
    cpu: manifest.cpu ?? defaults.cpu,
    pids: defaults.pids,
    idle: manifest.idle ?? defaults.idle,
    ...(description !== undefined && { description }),
    manifest,
    locked: Object.keys(manifest) as ManifestKey[],
  }
}

function runtimeOf(files: ReadonlySet<string>): Runtime | undefined {
  if (files.has('Dockerfile')) return 'image'
  if (files.has('go.mod')) return 'go'
  if (files.has('Cargo.toml')) return 'rust'
  if (files.has('pom.xml')) return 'java'
  if (files.has('package.json') || entryOf(nodeEntries, files)) return 'node'
  if (['pyproject.toml', 'requirements.txt'].some((name) => files.has(name)) || entryOf(pythonEntries, files))
    return 'python'
  return [...files].some((path) => /^(src\/)?[^/]+\.[cm]?tsx?$/.test(path) && !path.endsWith('.d.ts'))
    ? 'node'
    : undefined
}

const nodeEntries = ['index', 'server', 'main', 'app', 'src/index', 'src/server', 'src/main', 'src/app'].flatMap(
  (name) => ['ts', 'mts', 'cts', 'tsx', 'js', 'mjs', 'cjs'].map((extension) => `${name}.${extension}`),
)
const pythonEntries = ['main.py', 'app.py', 'server.py', 'service.py', '__main__.py', 'src/main.py', 'src/app.py']

const entryOf = (names: readonly string[], files: ReadonlySet<string>) => names.find((name) => files.has(name))

interface Looking {
  files: ReadonlySet<string>
  read: ReadText
  later: boolean
}

function startOf(manifest: Manifest, runtime: Runtime, { files, read, later }: Looking): Start {
  if (manifest.command) return { kind: 'shell', line: manifest.command }
  const found = runtime === 'node' ? startNode(files, read) : startOther(runtime, files)
  if (found) return found
  if (later) return { kind: 'program', argv: [] }
  throw nothingToRun(files)
}

function startOther(runtime: Runtime, files: ReadonlySet<string>): Start | undefined {
  // What the build of these leaves: see sdk/compile/toolchains.ts.
  if (runtime === 'go' || runtime === 'rust') return { kind: 'program', argv: ['./.m3o/service'] }
  if (runtime === 'java') return { kind: 'program', argv: ['java', '-jar', '.m3o/service.jar'] }
  if (runtime === 'image') return { kind: 'program', argv: [] }
  const scripts = [...files].filter((path) => /^[^/]+\.py$/.test(path))
  const entry =
    runtime === 'python'
      ? (entryOf(pythonEntries, files) ?? (scripts.length === 1 ? scripts[0] : undefined))
      : undefined
  return entry ? { kind: 'program', argv: ['python3', '-u', entry] } : undefined
}

function startNode(files: ReadonlySet<string>, read: ReadText): Start | undefined {
  const { scripts, main } = packageOf(files, read)
  if (scripts.start) {
    const script = scripts.prestart ? `${scripts.prestart} && ${scripts.start}` : scripts.start
    const plain = /^(?:node|tsx|ts-node)\s+(?:\.\/)?([\w][\w./-]*)$/.exec(script.trim())
    const named = plain?.[1] && resolveFile(plain[1], files)
    // The plain form needs no shell, and starts on the fast path.
    return named ? { kind: 'entry', entry: named } : { kind: 'shell', line: script }
  }
  const named = main && resolveFile(main.replace(/^\.\//, ''), files)
  const only = [...files].filter(
    (path) => /^[^/]+\.([cm]?[jt]s|tsx)$/.test(path) && !/\.(d|test|spec|config)\./.test(path),
  )
  const entry = named || entryOf(nodeEntries, files) || (only.length === 1 ? only[0] : undefined)
  return entry ? { kind: 'entry', entry } : undefined
}

function resolveFile(name: string, files: ReadonlySet<string>): string | undefined {
  const candidates = [name, ...['.ts', '.js', '.mjs', '.cjs', '/index.ts', '/index.js'].map((end) => name + end)]
  if (/\.[cm]?js$/.test(name)) candidates.push(name.replace(/js$/, 'ts'))
  return candidates.find((candidate) => files.has(candidate))
}

function buildOf(manifest: Manifest, runtime: Runtime, files: ReadonlySet<string>, read: ReadText): string | undefined {
  return manifest.build ?? (runtime === 'node' ? packageOf(files, read).scripts.build : undefined)
}

export interface PackageFile {
  scripts: Record<string, string>
  main?: string
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

/** What package.json says, of the right types; an empty one when there is none. */
export function packageOf(files: ReadonlySet<string>, read: ReadText): PackageFile {
  const text = files.has('package.json') ? read('package.json') : undefined
  if (text === undefined) return { scripts: {}, dependencies: {}, devDependencies: {} }
  let value: unknown
  try {
    value = parseBounded(text.replace(/^\uFEFF/, ''), packageFileBound, 'it')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PlatformError('invalid_manifest', `package.json: ${why}`, { data: { file: 'package.json' } }, { cause })
  }
  const { main, ...rest } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  return {
    scripts: strings(rest.scripts),
    dependencies: { ...strings(rest.optionalDependencies), ...strings(rest.dependencies) },
    devDependencies: strings(rest.devDependencies),
    ...(typeof main === 'string' && main !== '' && { main }),
  }
}

function strings(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/** The README of a service: the first one, however its name is written. */
export const readmeOf = (files: ReadonlySet<string>): string | undefined =>
  [...files].find((path) => /^readme(\.(md|markdown|txt))?$/i.test(path))

function readme(files: ReadonlySet<string>, read: ReadText): string {
  const name = readmeOf(files)
  return (name && read(name)) || ''
}

/** First paragraph that is prose: no heading, badge, list, fence or markup; marks taken off; at most 280 characters. */
export function describeReadme(text: string): string | undefined {
  const paragraphs = text
    .slice(0, maxReadmeChars)
    .replace(/\r/g, '')
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .replace(/<!--[\s\S]*?-->/g, '')
  for (const paragraph of paragraphs.replace(/^(#.*|.*\n[=-]{3,}\s*)$/gm, '\n').split(/\n\s*\n/)) {
    const plain = paragraph
      .replace(/!\[[^\]]*\]\([^)]*\)|<[^>]*>/g, '')
      .replace(/\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])?/g, '$1')
      .replace(/[`*]/g, '')
      .replace(/\s+/g, ' ')
      .trim()
    if (plain === '' || /^([-+>|]|\d+\.) /.test(plain)) continue
    return plain.length > 280 ? `${plain.slice(0, 279).trimEnd()}…` : plain
  }
  return undefined
}

function nothingToRun(files: ReadonlySet<string>): PlatformError {
  const what = files.size === 0 ? 'the service has no files' : 'the service has no entry file'
  return new PlatformError('invalid_manifest', what, {
    fix: `Add an index.ts, or set "command" in ${manifestFile}.`,
    field: 'command',
  })
}
