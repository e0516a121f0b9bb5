import { PlatformError } from '#contract/errors.ts'
import type { Viewer, Web } from '../web.ts'

/** For how long after signing in, or confirming, one may change how one signs in. */
export const confirmedForMs = 15 * 60_000

/** A token never changes how its person signs in. @throws PlatformError `forbidden` */
export function requireBrowser(viewer: Viewer): { id: string; expiresAt: number } {
  if (viewer.session !== undefined) return viewer.session
  throw new PlatformError('forbidden', 'this can only be changed in the console', {
    fix: 'Open the console, Settings, Account.',
  })
}

/** A browser that was left open does not, either. @throws PlatformError `forbidden`, with `data.confirm` */
export async function requireConfirmed(web: Pick<Web, 'sessions'>, viewer: Viewer): Promise<void> {
  const { id } = requireBrowser(viewer)
  if ((await web.sessions.confirmedAt(id)) > Date.now() - confirmedForMs) return
  throw new PlatformError('forbidden', 'confirm your identity first', {
    fix: 'Enter your password, or sign in again.',
    data: { confirm: true },
  })
}
