import { createHmac, timingSafeEqual } from 'node:crypto'
import { baggageKey } from '#contract/headers.ts'

/** The limits of https://www.w3.org/TR/baggage/ §3.3.2, beyond which members may be dropped, whole ones only. */
const maxMembers = 64
const maxBytes = 8192
const shape = /^([\w-]{1,64})\.(\d{1,15})\.([\w-]{22})$/

/** Says in a call's baggage in which environment it runs; only a gateway of this installation can have said it. */
export class EnvironmentClaims {
  private readonly key: Buffer
  private readonly minted = new Map<string, string>()

  constructor(key: Buffer) {
    this.key = key
  }

  /** The list member: `m3o-env=<id>.<generation>.<mac>`. */
  mint(environmentId: string, generation: number): string {
    const said = `${environmentId}.${generation}`
    let member = this.minted.get(said)
    if (member === undefined) {
      member = `${baggageKey}=${said}.${this.mac(said)}`
      if (this.minted.size >= 10_000) this.minted.clear()
      this.minted.set(said, member)
    }
    return member
  }

  /** The environment and generation that a baggage header claims, and the member that claims it; undefined unless a gateway of ours said so. */
  read(header: string | undefined): { environmentId: string; generation: number; member: string } | undefined {
    if (header === undefined || !header.includes(baggageKey)) return undefined
    for (const member of header.split(',')) {
      if (keyOf(member) !== baggageKey) continue
      const value = (member.split(';', 1)[0] as string).slice(member.indexOf('=') + 1).trim()
      const [, environmentId, generation, mac] = shape.exec(value) ?? []
      if (environmentId === undefined || mac === undefined) continue
      if (!timingSafeEqual(Buffer.from(this.mac(`${environmentId}.${generation}`)), Buffer.from(mac))) continue
      return { environmentId, generation: Number(generation), member: `${baggageKey}=${value}` }
    }
    return undefined
  }

  private mac(said: string): string {
    return createHmac('sha256', this.key).update(`m3o-env ${said}`).digest().subarray(0, 16).toString('base64url')
  }
}

/** Others' members as they came, and ours in place of any that claims to be ours. */
export function mergeBaggage(header: string | undefined, ours: string): string {
  if (header === undefined) return ours
  let merged = ours
  let count = 1
  for (const member of header.split(',')) {
    const text = member.trim()
    if (text === '' || keyOf(text) === baggageKey) continue
    if (count === maxMembers || merged.length + 1 + text.length > maxBytes) break
    merged += `,${text}`
    count++
  }
  return merged
}

function keyOf(member: string): string {
  const equals = member.indexOf('=')
  return equals < 0 ? '' : member.slice(0, equals).trim()
}
