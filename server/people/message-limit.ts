import type { Web } from '../web.ts'
import { networkOf } from './sign-in-limit.ts'

/** As many invitations at once as a team is large. */
const invitationsAtOnce = 10

/** Nobody is sent more than a few messages, and no network asks for more, whoever they are for. @throws PlatformError `rate_limited` */
export function useMessage({ limits }: Pick<Web, 'limits'>, { from, to }: { from: string; to: string }): void {
  limits.message.use(`message from ${networkOf(from)}`)
  limits.message.use(`message to ${to.trim().toLowerCase()}`)
}

/** An invitation goes to an address of its maker's choice. @throws PlatformError `rate_limited` */
export function useInvitation({ limits }: Pick<Web, 'limits'>, { by, to }: { by: string; to: string }): void {
  limits.message.use(`invitations by ${by}`, performance.now(), invitationsAtOnce)
  limits.message.use(`message to ${to.trim().toLowerCase()}`)
}
