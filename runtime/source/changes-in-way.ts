import { PlatformError } from '#contract/errors.ts'
import { runGit } from './git.ts'
import type { Repository } from './naming.ts'
import type { Oid } from './objects.ts'
import { shownPath } from './path.ts'

/** Who last changed a file, shown to whoever is stopped by it. */
export interface ChangeInWay {
  path: string
  commit: Oid | null
  author: string
  email: string
  /** ISO 8601. */
  time: string | null
  message: string
}

const named = 50

/** For each file (raw paths): the last commit that touched it since `base`, or, when that knows none, at all. */
export async function changesInWay(
  repository: Repository,
  input: { base: Oid | undefined; head: Oid; paths: string[] },
): Promise<ChangeInWay[]> {
  const found: ChangeInWay[] = []
  for (const raw of input.paths.slice(0, named)) {
    const path = shownPath(raw)
    const since =
      input.base === undefined ? undefined : await lastChange(repository, `${input.base}..${input.head}`, path)
    found.push(
      since ??
        (await lastChange(repository, input.head, path)) ?? {
          path,
          commit: null,
          author: '',
          email: '',
          time: null,
          message: '',
        },
    )
  }
  return found
}

async function lastChange(repository: Repository, range: string, path: string): Promise<ChangeInWay | undefined> {
  const { code, stdout } = await runGit(
    repository.dir,
    [
      '--literal-pathspecs',
      'log',
      '-1',
      '--format=%H%x00%an%x00%ae%x00%aI%x00%s',
      '--end-of-options',
      range,
      '--',
      path,
    ],
    { accept: [0, 128] },
  )
  const [commit, author = '', email = '', time = '', message = ''] = stdout
    .toString('utf8')
    .replace(/\n$/, '')
    .split('\0')
  return code !== 0 || !commit ? undefined : { path, commit, author, email, time, message }
}

/** The refusal that names the files and whose change is in the way. */
export function mergeConflict(changes: ChangeInWay[], fix: string, head: Oid): PlatformError {
  const people = [...new Set(changes.map((change) => change.author).filter(Boolean))]
  const files = changes.map((change) => change.path)
  const shown = files.length > 3 ? `${files.slice(0, 3).join(', ')} and ${files.length - 3} more` : files.join(', ')
  const message = `${people.length > 0 ? `${people.join(' and ')} also changed` : 'someone changed'} ${shown || 'the same source'} since you started`
  return new PlatformError('conflict', message, { fix, data: { head, files: changes } })
}
