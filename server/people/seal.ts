import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/**
 * What web keeps of people and must be able to read again (an authenticator app's secret): AES-256-GCM with a key that
 * follows from the one that signs sessions, which lies outside the database. What it belongs to is authenticated with it.
 */
export interface PeopleSeal {
  seal(plain: string, belongsTo: string): string
  open(sealed: string, belongsTo: string): string
}

export function peopleSeal(secret: string): PeopleSeal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'm3o people', 32))
  return {
    seal(plain, belongsTo) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(belongsTo))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return [iv, cipher.getAuthTag(), body].map((part) => part.toString('base64url')).join('.')
    },
    open(sealed, belongsTo) {
      const [iv, tag, body] = sealed.split('.').map((part) => Buffer.from(part, 'base64url'))
      if (iv === undefined || tag?.length !== 16 || body === undefined) throw new Error('not a sealed text')
      const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(belongsTo)).setAuthTag(tag)
      return decipher.update(body, undefined, 'utf8') + decipher.final('utf8')
    },
  }
}
