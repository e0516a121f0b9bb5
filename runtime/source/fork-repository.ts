import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PlatformError } from '#contract/errors.ts'
import { closeCatFiles } from './cat-file.ts'
import { exitOf, killGit, spawnGit } from './git.ts'
import { repositoryAt, sourceFolder, type Repository } from './naming.ts'
import type { Oid } from './objects.ts'
import { syncFolder } from './pack-writer.ts'
import { moveRef } from './refs.ts'
import { exists, layOut } from './repositories.ts'

const deadlineMs = 5 * 60_000

/**
 * A repository whose main is a commit of another: a pack of what that commit reaches, and nothing else that the other holds
 * (drafts, other branches). All of it appears at once, or nothing.
 */
export async function forkRepository(
  home: string,
  { serviceId, from, commit }: { serviceId: string; from: Repository; commit: Oid },
): Promise<void> {
  const target = repositoryAt(home, serviceId)
  if (await exists(target.dir)) throw new PlatformError('name_taken', `the service ${serviceId} already has a source`)
  const fresh: Repository = { serviceId, dir: path.join(sourceFolder(home), `.new-${randomBytes(9).toString('hex')}`) }
  try {
    await layOut(fresh.dir)
    await copyReached(from, fresh, commit)
    await moveRef(fresh, 'refs/heads/main', { to: commit, expected: undefined })
    await closeCatFiles(fresh.dir)
    await fs.rename(fresh.dir, target.dir)
    await syncFolder(sourceFolder(home))
  } catch (error) {
    await closeCatFiles(fresh.dir)
    await fs.rm(fresh.dir, { recursive: true, force: true })
    throw error
  }
}

/** One git writes the pack, the other checks each object and that nothing is missing, and syncs it. */
async function copyReached(from: Repository, to: Repository, commit: Oid): Promise<void> {
  const pack = spawnGit(from.dir, ['pack-objects', '--revs', '--stdout', '-q', '--delta-base-offset'])
  const index = spawnGit(to.dir, ['index-pack', '--stdin', '--strict', '--fsck-objects', '--fix-thin'], {
    config: {
      'fsck.zeroPaddedFilemode': 'ignore',
      'fsck.missingSpaceBeforeDate': 'ignore',
      'fsck.badTimezone': 'ignore',
    },
  })
  const ended = Promise.all([exitOf(pack), exitOf(index)])
  const timer = setTimeout(() => {
    killGit(pack)
    killGit(index)
  }, deadlineMs)
  let said = ''
  for (const child of [pack, index])
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 4096) said += text
    })
  index.stdout.resume()
  pack.stdin.end(`${commit}\n`)
  await pipeline(pack.stdout, index.stdin).catch(() => {})
  const codes = await ended.finally(() => clearTimeout(timer))
  if (codes.some((code) => code !== 0))
    throw new Error(`the history could not be copied (${codes.join(', ')}): ${said.trim()}`)
}
