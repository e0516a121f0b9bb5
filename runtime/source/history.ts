import { maxMessageChars } from '#contract/bounds.ts'
import { runGit } from './git.ts'
import type { Person, Repository } from './naming.ts'
import { readCommit } from './object-reader.ts'
import type { Oid } from './objects.ts'
import { checkPath } from './path.ts'

export interface LoggedCommit {
  commit: Oid
  tree: Oid
  parents: Oid[]
  author: Person
  /** ISO 8601. */
  time: string
  message: string
}

export interface LogPage {
  commits: LoggedCommit[]
  /** `skip` of the next page, or null at the end. */
  next: number | null
}

const fields = ['%H', '%T', '%P', '%an', '%ae', '%at', '%B']

/** Commits from `from` back, newest first; of one file or folder, when `path` is given. */
export async function logOf(
  repository: Repository,
  input: { from: Oid; skip?: number; limit?: number; path?: string },
): Promise<LogPage> {
  await readCommit(repository, input.from)
  const { skip = 0 } = input
  const limit = Math.min(Math.max(Math.floor(input.limit ?? 50), 1), 500)
  const { stdout } = await runGit(repository.dir, [
    '--literal-pathspecs',
    'log',
    '-z',
    `--format=tformat:${fields.join('%x00')}`,
    `--skip=${Math.max(0, Math.floor(skip))}`,
    `--max-count=${limit + 1}`,
    '--end-of-options',
    input.from,
    '--',
    ...(input.path === undefined ? [] : [checkPath(input.path)]),
  ])
  const cells = stdout.toString('utf8').split('\0')
  const commits: LoggedCommit[] = []
  for (let at = 0; at + fields.length < cells.length; at += fields.length) {
    const [commit = '', tree = '', parents = '', name = '', email = '', time = '0', message = ''] = cells.slice(
      at,
      at + fields.length,
    )
    commits.push({
      commit,
      tree,
      parents: parents.split(' ').filter(Boolean),
      author: { name, email },
      time: new Date(Number(time) * 1000).toISOString(),
      message: message.slice(0, maxMessageChars).trimEnd(),
    })
  }
  return { commits: commits.slice(0, limit), next: commits.length > limit ? skip + limit : null }
}

export async function commitOf(repository: Repository, oid: Oid): Promise<LoggedCommit> {
  const { tree, parents, author, time, message } = await readCommit(repository, oid)
  return { commit: oid, tree, parents, author, time: new Date(time * 1000).toISOString(), message }
}

/** Whether a commit holds another in its past (or is it). */
export async function containsCommit(repository: Repository, input: { commit: Oid; ancestor: Oid }): Promise<boolean> {
  if (input.commit === input.ancestor) return true
  await Promise.all([readCommit(repository, input.commit), readCommit(repository, input.ancestor)])
  const { code } = await runGit(
    repository.dir,
    ['merge-base', '--is-ancestor', '--end-of-options', input.ancestor, input.commit],
    { accept: [0, 1] },
  )
  return code === 0
}

export async function mergeBase(repository: Repository, ours: Oid, theirs: Oid): Promise<Oid | undefined> {
  const { stdout } = await runGit(repository.dir, ['merge-base', '--end-of-options', ours, theirs], { accept: [0, 1] })
  return stdout.toString('latin1').trim() || undefined
}

/** How many commits each of two has that the other lacks. */
export async function apart(
  repository: Repository,
  input: { ours: Oid; theirs: Oid },
): Promise<{ ahead: number; behind: number }> {
  if (input.ours === input.theirs) return { ahead: 0, behind: 0 }
  const { stdout } = await runGit(repository.dir, [
    'rev-list',
    '--left-right',
    '--count',
    '--end-of-options',
    `${input.ours}...${input.theirs}`,
  ])
  const [ahead = 0, behind = 0] = stdout.toString('latin1').trim().split(/\s+/).map(Number)
  return { ahead, behind }
}
