import fs from 'node:fs/promises'
import path from 'node:path'
import { runGit } from './git.ts'
import type { Repository } from './naming.ts'

const staleMs = 60 * 60 * 1000

/**
 * Packs what has gathered, when it is worth it (most calls find nothing to do, in about 10 ms), and drops what nothing
 * has named for two days. Safe beside saves and pushes: whatever is written or used anew counts as recent.
 */
export async function maintain(repository: Repository): Promise<void> {
  await removeStaleLocks(repository)
  // One at a time, git's own gc.pid sees to; a second one has nothing to do.
  await runGit(repository.dir, ['-c', 'gc.pruneExpire=2.days.ago', '-c', 'gc.autoDetach=false', 'gc', '--auto', '--quiet', '--cruft'], {
    accept: [0, 128], timeoutMs: 10 * 60_000,
  })
}

/** A kill of git leaves its locks; no work of git's on them lasts an hour. */
async function removeStaleLocks(repository: Repository): Promise<void> {
  for (const name of ['packed-refs.lock', 'config.lock', 'HEAD.lock', 'packed-refs.new']) {
    const file = path.join(repository.dir, name)
    const stat = await fs.stat(file).catch(() => undefined)
    if (stat !== undefined && Date.now() - stat.mtimeMs > staleMs) await fs.rm(file, { force: true })
  }
}
