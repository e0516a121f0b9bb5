import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openText, sealText } from '#contract/sealed.ts'

/**
 * Secrets at rest: AES-256-GCM with a key that lies outside the database, in `$M3O_HOME/keys/secrets.key`. A sealed text
 * is `v2.{key}.{iv}.{tag}.{ciphertext}` in base64url, `key` telling which; the name it belongs to is authenticated with
 * it, so that a row's value cannot be moved to another row. The first versions sealed as `v1`, without the key's name.
 */
export interface Seal {
  seal(plain: string, belongsTo: string): string
  /** Whichever of the keys it was sealed with. */
  open(sealed: string, belongsTo: string): string
  /** 32 bytes that follow from what they are for, and from nothing that anybody else knows. */
  derive(purpose: string): Buffer
}

/** The keys, 32 bytes each, in hex, one a line: the first seals, the others are on their way out (rotate.ts). */
export const keyFile = (home: string): string => join(home, 'keys/secrets.key')

export async function openSeal(home: string): Promise<Keyring> {
  return new Keyring(parseKeys(await readFile(keyFile(home), 'utf8')))
}

export function parseKeys(text: string): Buffer[] {
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => Buffer.from(line, 'hex'))
  if (keys.length === 0 || keys.some((key) => key.length !== 32))
    throw new Error('keys/secrets.key must contain keys of 32 bytes in hex, one per line')
  return keys
}

export const writtenKeys = (keys: readonly Buffer[]): string => keys.map((key) => `${key.toString('hex')}\n`).join('')

/** What a key is called: nothing of it can be told from its name. */
export const keyName = (key: Buffer): string => createHmac('sha256', key).update('name').digest('base64url').slice(0, 8)

export class Keyring implements Seal {
  #keys: Buffer[]

  constructor(keys: Buffer[]) {
    this.#keys = keys
  }

  get keys(): readonly Buffer[] {
    return this.#keys
  }

  /** From the next seal on. */
  replace(keys: Buffer[]): void {
    this.#keys = keys
  }

  get #first(): Buffer {
    const [first] = this.#keys
    if (first === undefined) throw new Error('there is no key')
    return first
  }

  /** What texts begin with that are sealed with the first key. */
  get prefix(): string {
    return `v2.${keyName(this.#first)}.`
  }

  derive(purpose: string): Buffer {
    return createHmac('sha256', this.#first).update(`derive ${purpose}`).digest()
  }

  seal(plain: string, belongsTo: string): string {
    return this.prefix + sealText(this.#first, plain, belongsTo)
  }

  open(sealed: string, belongsTo: string): string {
    const [version, ...rest] = sealed.split('.')
    if (version !== 'v1' && version !== 'v2') throw new Error('not a sealed text')
    const [name, text] = version === 'v2' ? [rest[0], rest.slice(1).join('.')] : [undefined, rest.join('.')]
    const keys = this.#keys.filter((key) => name === undefined || keyName(key) === name)
    for (const [at, key] of keys.entries()) {
      try {
        return openText(key, text, belongsTo)
      } catch (error) {
        if (at === keys.length - 1) throw error
      }
    }
    throw new Error('a text is sealed with a key that is not there any more')
  }
}

export const sealWith = (key: Buffer): Seal => new Keyring([key])
