import { isPlatformError } from '#contract/errors.ts'
import type { Web } from '../web.ts'
import { networkOf } from './sign-in-limit.ts'

/** As many invitations at once as a team is large. */
const invitationsAtOnce = 10
/** What an address is sent at most, in times of what one network may ask for. */
const everywhere = 3

/**
 * Whether a message may be sent. A network asks for a few, and for fewer to one address; it is told when it asked for too many. What
 * others had sent to the address also counts, more generously: then nothing is sent, and nobody is told.
 * @throws PlatformError `rate_limited`
 */
export function useMessage({ limits }: Pick<Web, 'limits'>, { from, to }: { from: string; to: string }): boolean {
  const [network, address] = [networkOf(from), to.trim().toLowerCase()]
  limits.message.use(`message from ${network}`)
  limits.messageTo.use(`${address} from ${network}`)
  return isAllowed(() => limits.messageTo.use(address, performance.now(), everywhere))
}

/** An invitation goes to an address of its maker's choice. Whether it may be sent. @throws PlatformError `rate_limited` */
export function useInvitation({ limits }: Pick<Web, 'limits'>, { by, to }: { by: string; to: string }): boolean {
  const address = to.trim().toLowerCase()
  limits.message.use(`invitations by ${by}`, performance.now(), invitationsAtOnce)
  limits.messageTo.use(`${address} by ${by}`)
  return isAllowed(() => limits.messageTo.use(address, performance.now(), everywhere))
}

function isAllowed(use: () => void): boolean {
  try {
    use()
    return true
  } catch (error) {
    if (isPlatformError(error) && error.code === 'rate_limited') return false
    throw error
  }
}
