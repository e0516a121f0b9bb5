import { closeSync, openSync, readFileSync, renameSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PlatformError } from '#contract/errors.ts'
import { runGit } from './git.ts'
import type { Repository } from './naming.ts'
import type { Oid } from './objects.ts'
import { fillDurably, syncFolder } from './pack-writer.ts'

/** Longer than git itself ever holds a ref's lock; an older one was left by a kill. */
const staleLockMs = 10_000
/** One from before this process is surely left over, once a git that outlived the last one had time to end. */
const startedAt = performance.timeOrigin
const outlivedMs = 1000
const waitMs = 15_000

export async function readRef(repository: Repository, name: string): Promise<Oid | undefined> {
  const loose = readText(path.join(repository.dir, name))
  if (loose !== undefined && /^[0-9a-f]{40}\n?$/.test(loose)) return loose.slice(0, 40)
  // After the loose file, never before: git writes packed-refs first and removes the loose ones then.
  return (await packedRefs(repository)).get(name)
}

export async function listRefs(repository: Repository, prefix: string): Promise<Map<string, Oid>> {
  const { stdout } = await runGit(repository.dir, ['for-each-ref', '--format=%(objectname) %(refname)', '--', prefix])
  return new Map(
    stdout
      .toString('utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.slice(41), line.slice(0, 40)]),
  )
}

/**
 * Moves a ref, only when it still is at `expected` (undefined: does not exist), else gives false. The same lock file as
 * git's own, so that pushes and maintenance beside it are safe. Durable when it returns, unless it may be `lazy`: then
 * a power loss (not a kill) may take it back to a value of the last seconds, as git's own refs. `after`: what it is to name
 * is being written, and is there before it moves. `inLock` runs when it is certain to move.
 */
export async function moveRef(
  repository: Repository,
  name: string,
  change: { to: Oid; expected: Oid | undefined; lazy?: boolean; after?: Promise<unknown>; inLock?: () => void },
): Promise<boolean> {
  const file = path.join(repository.dir, name)
  if (change.expected === undefined) await refuseFolderClash(repository, name)
  const lock = await takeLock(`${file}.lock`)
  let landed = false
  try {
    if ((await readRef(repository, name)) !== change.expected) return false
    const filled = fillDurably(lock, `${change.to}\n`)
    await Promise.allSettled([filled, change.after])
    await Promise.all([filled, change.after])
    change.inLock?.()
    renameSync(`${file}.lock`, file)
    landed = true
  } finally {
    closeSync(lock)
    if (!landed) await fs.rm(`${file}.lock`, { force: true })
  }
  if (!change.lazy) await syncFolder(path.dirname(file))
  return true
}

export async function deleteRef(repository: Repository, name: string, expected?: Oid): Promise<void> {
  await runGit(repository.dir, [
    'update-ref',
    '-d',
    '--end-of-options',
    name,
    ...(expected === undefined ? [] : [expected]),
  ])
}

async function takeLock(name: string): Promise<number> {
  for (const start = performance.now(); ;) {
    try {
      return openSync(name, 'wx', 0o644)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') {
        await fs.mkdir(path.dirname(name), { recursive: true })
        continue
      }
      if (code !== 'EEXIST') throw error
      const held = await fs.stat(name).catch(() => undefined)
      if (held !== undefined && isStale(held.mtimeMs)) {
        await fs.rm(name, { force: true })
        continue
      }
      if (performance.now() - start > waitMs)
        throw new PlatformError(
          'unavailable',
          'the source is being changed by another operation',
          { fix: 'Try again.' },
          { cause: error },
        )
      await delay(5)
    }
  }
}

function isStale(lockedAt: number): boolean {
  const age = Date.now() - lockedAt
  return age > staleLockMs || (lockedAt < startedAt && age > outlivedMs)
}

/** `a` and `a/b` cannot both be branches: a pushed `staging/x` would stand in the way of the environment `staging`. */
async function refuseFolderClash(repository: Repository, name: string): Promise<void> {
  const inFolder = await fs
    .readdir(path.join(repository.dir, name), { recursive: true, withFileTypes: true })
    .catch(() => [])
  const clash =
    inFolder.find((entry) => entry.isFile() && !entry.name.endsWith('.lock'))?.name ??
    [...(await packedRefs(repository)).keys()].find((other) => other.startsWith(`${name}/`))
  if (clash !== undefined) {
    throw new PlatformError(
      'name_taken',
      `the branch ${name.replace('refs/heads/', '')} cannot exist next to the branch ${clash}`,
      { fix: 'Delete the other branch with git push --delete.' },
    )
  }
  await fs.rm(path.join(repository.dir, name), { recursive: true, force: true }).catch(() => {})
}

let packedSeen: { key: string; refs: Map<string, Oid> } | undefined

async function packedRefs(repository: Repository): Promise<Map<string, Oid>> {
  const file = path.join(repository.dir, 'packed-refs')
  const stat = await fs.stat(file).catch(() => undefined)
  if (stat === undefined) return new Map()
  const key = `${file} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`
  if (packedSeen?.key === key) return packedSeen.refs
  const refs = new Map<string, Oid>()
  for (const line of (readText(file) ?? '').split('\n')) {
    if (/^[0-9a-f]{40} /.test(line)) refs.set(line.slice(41), line.slice(0, 40))
  }
  packedSeen = { key, refs }
  return refs
}

function readText(file: string): string | undefined {
  try {
    // Forty bytes that the kernel has at hand: a thread's round trip would cost ten times as much.
    return readFileSync(file, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return undefined
    throw error
  }
}
