import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import path from 'node:path'
import type { DraftKey } from './drafts.ts'
import { fileTooLarge, maxFileBytes } from './limits.ts'
import type { Repository } from './naming.ts'
import { ObjectBatch } from './object-batch.ts'
import { checkPath } from './path.ts'
import { putFile, type Saved } from './draft-edits.ts'

export interface UploadInput {
  path: string
  stream: AsyncIterable<Uint8Array>
  /** As for a save; left out, the upload replaces what is there. */
  expectedHash?: string | null
  executable?: boolean
}

const inMemory = 1 << 20

/**
 * Takes a file of unknown size: an object's name begins with its size, so beyond 1 MiB it waits in a file first. The
 * draft is locked (by `locked`) only once all of it is here, so a slow sender holds up nobody.
 */
export async function uploadFile(
  repository: Repository,
  key: DraftKey,
  input: UploadInput,
  locked: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<Saved> {
  const target = checkPath(input.path)
  const waiting = path.join(path.dirname(repository.dir), `.upload-${randomBytes(9).toString('hex')}`)
  const batch = new ObjectBatch(repository)
  try {
    const { small, size } = await receive(input.stream, waiting, target)
    const hash = small === undefined ? await addWaiting(batch, waiting, size) : batch.add('blob', small)
    await batch.flush()
    return await locked(() =>
      putFile(repository, key, {
        path: target,
        hash,
        size,
        batch,
        kind: 'upload',
        expectedHash: input.expectedHash,
        ...(input.executable !== undefined && { executable: input.executable }),
      }),
    )
  } catch (error) {
    await batch.discard()
    throw error
  } finally {
    await fs.rm(waiting, { force: true })
  }
}

async function receive(
  stream: AsyncIterable<Uint8Array>,
  waiting: string,
  target: string,
): Promise<{ small: Buffer | undefined; size: number }> {
  const chunks: Uint8Array[] = []
  let file: fs.FileHandle | undefined
  let size = 0
  try {
    for await (const chunk of stream) {
      size += chunk.length
      if (size > maxFileBytes) throw fileTooLarge(target)
      if (file === undefined && size > inMemory) {
        file = await fs.open(waiting, 'wx', 0o600)
        for (const early of chunks.splice(0)) await file.appendFile(early)
      }
      if (file === undefined) chunks.push(chunk)
      else await file.appendFile(chunk)
    }
  } finally {
    await file?.close()
  }
  return { small: file === undefined ? Buffer.concat(chunks) : undefined, size }
}

async function addWaiting(batch: ObjectBatch, waiting: string, size: number): Promise<string> {
  const file = await fs.open(waiting, 'r')
  return await batch.addStream(size, file.createReadStream() as AsyncIterable<Uint8Array>)
}
