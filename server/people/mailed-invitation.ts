import { timingSafeEqual } from 'node:crypto'
import type { PeopleSeal } from './seal.ts'

/**
 * The code of an invitation's link. Whoever invites is shown the runtime's secret alone. The link that is mailed has a mark behind it
 * that follows from the secret, the address and web's key: who has it reads what is sent to the address.
 */
export class MailedInvitations {
  readonly #seal: Pick<PeopleSeal, 'mark'>

  constructor(seal: Pick<PeopleSeal, 'mark'>) {
    this.#seal = seal
  }

  codeFor(secret: string, email: string): string {
    return `${secret}.${this.#mark(secret, email)}`
  }

  /** Whether the code proves that its bearer reads mail at `email`. */
  proves(code: string, email: string): boolean {
    const [given, expected] = [Buffer.from(code.split('.')[1] ?? ''), Buffer.from(this.#mark(secretOf(code), email))]
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  #mark(secret: string, email: string): string {
    return this.#seal.mark(JSON.stringify(['mailed invitation', secret, email.toLowerCase()]))
  }
}

/** What the runtime knows of it, of either link. */
export const secretOf = (code: string): string => code.split('.')[0] ?? ''
