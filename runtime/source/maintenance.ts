import fs from 'node:fs/promises'
import path from 'node:path'
import { runGit } from './git.ts'
import { incomingRefs, type Repository } from './naming.ts'
import { deleteRef, listRefs } from './refs.ts'

const staleMs = 60 * 60 * 1000

/**
 * Packs what has gathered, when it is worth it (most calls find nothing to do, in about 10 ms), and drops what nothing
 * has named for two days: no ref, and no step of a draft (draft-steps.ts). Safe beside saves and pushes: whatever is written or used anew counts as recent.
 */
export async function maintain(repository: Repository): Promise<void> {
  await removeLeftovers(repository)
  await removeIncoming(repository)
  // One at a time, git's own gc.pid sees to; a second one has nothing to do.
  await runGit(
    repository.dir,
    [
      '-c',
      'gc.pruneExpire=2.days.ago',
      '-c',
      'gc.reflogExpire=2.days.ago',
      '-c',
      'gc.reflogExpireUnreachable=2.days.ago',
      '-c',
      'gc.autoDetach=false',
      'gc',
      '--auto',
      '--quiet',
      '--cruft',
    ],
    {
      accept: [0, 128],
      timeoutMs: 10 * 60_000,
    },
  )
}

/** History that a folder has sent and whose deployment never came. */
async function removeIncoming(repository: Repository): Promise<void> {
  for (const [ref, tip] of await listRefs(repository, incomingRefs)) {
    const stat = await fs.stat(path.join(repository.dir, ref)).catch(() => undefined)
    // One without a file of its own was packed, which makes it older than any deployment under way.
    if (stat === undefined || Date.now() - stat.mtimeMs > staleMs) await deleteRef(repository, ref, tip)
  }
}

/** What a kill of git, or of the platform, leaves; no work of theirs lasts an hour. */
async function removeLeftovers(repository: Repository): Promise<void> {
  const candidates = ['packed-refs.lock', 'config.lock', 'HEAD.lock', 'packed-refs.new']
  for (const [folder, prefix] of [
    ['objects', 'tmp_objdir-'],
    ['objects/pack', 'tmp_'],
  ] as const) {
    const names = await fs.readdir(path.join(repository.dir, folder)).catch(() => [])
    candidates.push(...names.filter((name) => name.startsWith(prefix)).map((name) => path.join(folder, name)))
  }
  for (const name of candidates) {
    const file = path.join(repository.dir, name)
    const stat = await fs.stat(file).catch(() => undefined)
    if (stat !== undefined && Date.now() - stat.mtimeMs > staleMs) await fs.rm(file, { recursive: true, force: true })
  }
}
