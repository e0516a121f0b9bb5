import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Secrets at rest: AES-256-GCM with a key that lies outside the database, in `$M3O_HOME/keys/secrets.key` (32 bytes,
 * hex). A sealed text is `v1.{iv}.{tag}.{ciphertext}` in base64url; the name it belongs to is authenticated with it, so
 * that a row's value cannot be moved to another row.
 */
export interface Seal {
  seal(plain: string, belongsTo: string): string
  open(sealed: string, belongsTo: string): string
  /** 32 bytes that follow from what they are for, and from nothing that anybody else knows. */
  derive(purpose: string): Buffer
}

export async function openSeal(home: string): Promise<Seal> {
  const key = Buffer.from((await readFile(join(home, 'keys/secrets.key'), 'utf8')).trim(), 'hex')
  if (key.length !== 32) throw new Error('keys/secrets.key must hold 32 bytes in hex')
  return sealWith(key)
}

export function sealWith(key: Buffer): Seal {
  return {
    derive: (purpose) => createHmac('sha256', key).update(`derive ${purpose}`).digest(),
    seal(plain, belongsTo) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(belongsTo))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return ['v1', ...[iv, cipher.getAuthTag(), body].map((part) => part.toString('base64url'))].join('.')
    },
    open(sealed, belongsTo) {
      const [version, iv, tag, body] = sealed.split('.')
      if (version !== 'v1' || iv === undefined || tag === undefined || body === undefined) throw new Error('not a sealed text')
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
        .setAAD(Buffer.from(belongsTo))
        .setAuthTag(Buffer.from(tag, 'base64url'))
      return decipher.update(Buffer.from(body, 'base64url'), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}
