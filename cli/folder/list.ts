import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import ignore from 'ignore'
import { isBeside } from './beside.ts'

const run = promisify(execFile)

/**
 * Paths of a folder's files as they are deployed: what git would track, tracked or not but never ignored; outside git
 * all but `.git`, `node_modules` and what `.gitignore` files name. Never what lies beside the source (beside.ts), tracked or
 * not. Sorted, relative, with `/`.
 */
export async function listFolder(folder: string): Promise<string[]> {
  const found = (await byGit(folder)) ?? (await byWalking(folder))
  return found.filter((path) => !isBeside(path)).sort()
}

async function byGit(folder: string): Promise<string[] | undefined> {
  try {
    const { stdout } = await run(
      'git',
      ['-C', folder, 'ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '.'],
      { maxBuffer: 1 << 28, encoding: 'utf8' },
    )
    const paths = [...new Set(stdout.split('\0').filter(Boolean))]
    const present = await Promise.all(
      paths.map((path) =>
        stat(join(folder, path)).then(
          (found) => found.isFile(),
          () => false,
        ),
      ),
    )
    // A folder below a repository that ignores it whole is taken as if there were no git.
    return paths.length === 0
      ? undefined
      : paths.filter((path, at) => present[at] && !path.split('/').includes('node_modules'))
  } catch {
    return undefined // no git, or not a repository
  }
}

async function byWalking(top: string): Promise<string[]> {
  const files: string[] = []
  await walk(top, [])
  return files

  async function walk(folder: string, above: { base: string; rules: ReturnType<typeof ignore> }[]): Promise<void> {
    const text = await readFile(join(folder, '.gitignore'), 'utf8').catch(() => undefined)
    const rules = text === undefined ? above : [...above, { base: folder, rules: ignore().add(text) }]
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name === '.git' || entry.name === 'node_modules' || isBeside(entry.name)) continue
      const path = join(folder, entry.name)
      const ignored = rules.some(({ base, rules: own }) =>
        own.ignores(relative(base, path) + (entry.isDirectory() ? '/' : '')),
      )
      if (ignored) continue
      if (entry.isDirectory()) await walk(path, rules)
      else if (entry.isFile() || entry.isSymbolicLink()) files.push(relative(top, path))
    }
  }
}
