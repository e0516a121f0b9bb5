import { isIPv6 } from 'node:net'
import type { RateLimit } from './rate-limit.ts'

/** How often an account may be tried from everywhere together, in times of what one network may. */
const everywhere = 10
const mostKnown = 20_000

/**
 * Slows guessing down by network, by account from a network, and, more generously, by account from everywhere; the last does
 * not count where its person has signed in from before, so that nobody is locked out by guesses from elsewhere.
 */
export class SignInLimit {
  readonly #limit: RateLimit
  /** Pairs of account and network that signed in, the latest last. */
  readonly #known = new Set<string>()

  constructor(limit: RateLimit) {
    this.#limit = limit
  }

  /** @throws PlatformError `rate_limited` */
  attempt(email: string, from: string): void {
    const [account, network] = [email.trim().toLowerCase(), networkOf(from)]
    this.#limit.use(`address ${network}`)
    this.#limit.use(`account ${account} from ${network}`)
    if (!this.#known.has(`${account} ${network}`)) this.#limit.use(`account ${account}`, performance.now(), everywhere)
  }

  succeeded(email: string, from: string): void {
    const [account, network] = [email.trim().toLowerCase(), networkOf(from)]
    // Guesses at other accounts, before and in between, still count.
    this.#limit.takeBack(`address ${network}`)
    this.#limit.giveBack(`account ${account} from ${network}`)
    this.#known.delete(`${account} ${network}`)
    this.#known.add(`${account} ${network}`)
    const [oldest] = this.#known
    if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest)
  }
}

/** Whoever has one address of IPv6 has 2^64 of them: the network counts (RFC 6177). */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail = ''] = address.toLowerCase().split('%')[0]?.split('::') ?? []
  const front = head.split(':').filter((part) => part !== '')
  const back = tail.split(':').filter((part) => part !== '')
  const whole = address.includes('::')
    ? [...front, ...Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0'), ...back]
    : front
  return `${whole
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
