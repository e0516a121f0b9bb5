import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { lstat, realpath } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { packageOf, resolveManifest } from '#contract/convention.ts'
import { PlatformError } from '#contract/errors.ts'
import { type StartCommand, startCommand } from '#sdk/compile/start-command.ts'
import { toolchainOf } from '#sdk/compile/toolchains.ts'
import { transformTree } from '#sdk/compile/transform.ts'
import { readText } from '#sdk/compile/tree-files.ts'
import { buildPlatformDir } from '#sdk/platform/platform-folder.ts'
import { devFolders } from './folders.ts'
import { hostEnvironment } from './host-environment.ts'

export interface Prepared extends StartCommand {
  folder: string
  health: string
  /** A build has run, and may have written files. */
  built: boolean
}

export interface Preparing {
  folder: string
  /** Its files, as they would be deployed. */
  paths: readonly string[]
  /** Where the JavaScript of this run is written. */
  into: string
  /** Each line that a build prints. */
  onLine: (line: string) => void
  signal: AbortSignal
}

const describing = /^(m3o\.json|package\.json|readme(\.\w+)?)$/i

/**
 * Makes a folder ready to run, as a deployment would: by the same convention, TypeScript compiled the same way. What is
 * installed, though, is what is installed here. @throws PlatformError `invalid_manifest`, `build_failed`
 */
export async function prepare({ folder, paths: listed, into, onLine, signal }: Preparing): Promise<Prepared> {
  const app = await realpath(folder)
  const paths = await plainFiles(app, listed)
  const texts = new Map<string, string | undefined>()
  for (const path of paths) if (describing.test(path)) texts.set(path, await readText(app, path))
  const read = (path: string) => texts.get(path)
  const asked = resolveManifest(paths, read, { built: false })
  if (asked.runtime === 'image')
    throw new PlatformError('build_failed', 'm3o dev does not run a Dockerfile', {
      fix: 'Set "runtime" and "command" in m3o.json.',
    })
  const needs = packageOf(new Set(paths), read)
  if (Object.keys(needs.dependencies).length > 0 && !existsSync(join(app, 'node_modules'))) {
    throw new PlatformError('build_failed', 'the packages in package.json are not installed', {
      fix: `Run npm install in ${app}.`,
    })
  }
  const line = asked.build ?? toolchainOf(asked.runtime)?.build
  if (line !== undefined) await build(line, { app, onLine, signal })
  const platform = await buildPlatformDir(devFolders.platform())
  await transformTree({ app, into, cache: devFolders.transform(), paths })
  const resolved = line === undefined ? asked : resolveManifest([...paths, ...(await builtEntries(app, asked))], read)
  const started = startCommand(resolved, { app, platform, build: into, path: pathFor(app) })
  return {
    ...started,
    command: started.command.map((word, at) => (at === 0 && word === 'node' ? process.execPath : word)),
    folder: app,
    health: resolved.health,
    built: line !== undefined,
  }
}

/** Links are followed by nothing that reads a service's files, as on the platform. */
async function plainFiles(app: string, paths: readonly string[]): Promise<string[]> {
  const plain = await Promise.all(
    paths.map((path) =>
      lstat(join(app, path)).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  )
  return paths.filter((_, at) => plain[at])
}

/** What package.json names, and a build has made, is no file that would be deployed. */
async function builtEntries(app: string, { start }: ReturnType<typeof resolveManifest>): Promise<string[]> {
  const named =
    start.kind === 'entry' ? [start.entry] : ['dist/index.js', 'build/index.js', 'dist/server.js', 'dist/main.js']
  return named.filter((path) => existsSync(join(app, path)))
}

/** The command's own Node first, as every sandbox has that one; then what this machine has. */
function pathFor(app: string): string {
  return [
    join(app, 'node_modules/.bin'),
    join(app, '.venv/bin'),
    dirname(process.execPath),
    process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  ].join(delimiter)
}

async function build(
  line: string,
  { app, onLine, signal }: { app: string; onLine: Preparing['onLine']; signal: AbortSignal },
): Promise<void> {
  onLine(`building: ${line}`)
  const child = spawn('/bin/sh', ['-c', line], {
    cwd: app,
    env: { ...hostEnvironment(), PATH: pathFor(app), CI: '1', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  })
  const last: string[] = []
  const heard = (part: Buffer) => {
    for (const text of part.toString().split('\n').filter(Boolean)) {
      onLine(text)
      last.push(text)
      if (last.length > 50) last.shift()
    }
  }
  child.stdout.on('data', heard)
  child.stderr.on('data', heard)
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0)
    throw new PlatformError('build_failed', `the build (${line.slice(0, 100)}) ended with code ${code}`, {
      data: { exitCode: code, lines: last },
    })
}
