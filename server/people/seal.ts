import { createHmac, hkdfSync } from 'node:crypto'
import { openText, sealText } from '#contract/sealed.ts'

/**
 * What web keeps of people and must be able to read again (an authenticator app's secret), with a key that follows from
 * the one that signs sessions, which lies outside the database.
 */
export interface PeopleSeal {
  seal(plain: string, belongsTo: string): string
  open(sealed: string, belongsTo: string): string
  /** What nobody can make up who has not the key. */
  mark(text: string): string
}

export function peopleSeal(secret: string): PeopleSeal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'm3o people', 32))
  return {
    seal: (plain, belongsTo) => sealText(key, plain, belongsTo),
    open: (sealed, belongsTo) => openText(key, sealed, belongsTo),
    mark: (text) => createHmac('sha256', key).update(text).digest('base64url'),
  }
}
