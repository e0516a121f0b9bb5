import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/**
 * A text that only who has the key can read: AES-256-GCM, as `{iv}.{tag}.{ciphertext}` in base64url. What it belongs to is
 * authenticated with it, so that it cannot be moved to another row.
 * @param key 32 bytes
 */
export function sealText(key: Buffer, plain: string, belongsTo: string): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(belongsTo))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return [iv, cipher.getAuthTag(), body].map((part) => part.toString('base64url')).join('.')
}

/** @throws Error when it is no such text, was sealed with another key, or belongs to something else */
export function openText(key: Buffer, sealed: string, belongsTo: string): string {
  const parts = sealed.split('.').map((part) => Buffer.from(part, 'base64url'))
  const [iv, tag, body] = parts
  if (parts.length !== 3 || iv === undefined || tag?.length !== 16 || body === undefined)
    throw new Error('not a sealed text')
  const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(belongsTo)).setAuthTag(tag)
  return decipher.update(body, undefined, 'utf8') + decipher.final('utf8')
}
