import { platformError, type Session } from '../session.ts'
import { git, repositoryUrl, signedIn } from '../git.ts'
import { note } from '../output.ts'
import { headOf } from './clone.ts'

/** The commit that a folder stands on, when it brings its history: as `m3o pull` sets it up, and `git config m3o.history true`. */
export async function historyOf(folder: string): Promise<string | undefined> {
  const at = { cwd: folder, accept: [0, 1, 128] }
  const top = await git(['rev-parse', '--show-cdup', '--is-shallow-repository'], at).catch(() => undefined)
  // Of a part of a repository, or without its beginning, there is no history to give.
  if (top === undefined || top.code !== 0 || top.stdout !== '\nfalse\n') return undefined
  if ((await git(['config', '--local', '--type=bool', 'm3o.history'], at)).stdout.trim() !== 'true') return undefined
  return headOf(folder)
}

/**
 * Sends what the platform lacks of it, to where it waits for the deployment that comes next. Undefined when it cannot be
 * sent, which is said and keeps nothing from being deployed.
 */
export async function sendHistory(
  session: Session,
  folder: string,
  at: { team: string; service: string; tip: string },
): Promise<string | undefined> {
  try {
    await git(
      [
        'push',
        '-q',
        '--no-verify',
        repositoryUrl(session, at.team, at.service),
        `${at.tip}:refs/m3o/incoming/${at.tip}`,
      ],
      { cwd: folder, env: signedIn(session) },
    )
    return at.tip
  } catch (error) {
    const known = platformError(error)
    if (known === undefined) throw error
    note(session, `note: the history was not uploaded: ${known.message}`)
    return undefined
  }
}
