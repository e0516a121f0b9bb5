import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { openSource, type Source } from './source.ts'

export const ada = { name: 'Ada', email: 'ada@example.com' }
export const bob = { name: 'Bob', email: 'bob@example.com' }

/** A home of its own for a test, gone at its end. */
export async function temporarySource(): Promise<AsyncDisposable & { home: string; source: Source }> {
  const home = await fs.mkdtemp(path.join(os.tmpdir(), 'm3o-source-'))
  const source = openSource({ home })
  return {
    home,
    source,
    async [Symbol.asyncDispose]() {
      await source.close()
      await fs.rm(home, { recursive: true, force: true })
    },
  }
}

/** Somebody's draft of the service `s_1` in production, or in an environment below it. */
export function draftOf(userId: string, environment = 'production') {
  return {
    serviceId: 's_1',
    userId,
    environment,
    branches: environment === 'production' ? ['main'] : [environment, 'main'],
  }
}

/** A block of tar as it stands on disk, with nothing of a library's caution. */
export function tarEntry(entry: {
  path: string
  type?: string
  body?: Uint8Array
  target?: string
  mode?: number
  size?: number
}): Buffer {
  const { path: name, type = '0', body = new Uint8Array(), target = '', mode = 0o644 } = entry
  const header = Buffer.alloc(512)
  header.write(name.slice(0, 100), 0, 'utf8')
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100)
  header.write('0000000', 108)
  header.write('0000000', 116)
  header.write(`${(entry.size ?? body.length).toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000', 136)
  header.write('        ', 148)
  header.write(type, 156)
  header.write(target.slice(0, 100), 157)
  header.write('ustar\0', 257)
  header.write('00', 263)
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

export function tarOf(...entries: Buffer[]): AsyncIterable<Uint8Array> {
  return chunked(Buffer.concat([...entries, Buffer.alloc(1024)]))
}

/** In odd pieces, as a network gives them. */
export async function* chunked(bytes: Uint8Array, size = 1013): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
