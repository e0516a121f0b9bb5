import { mkdir, open, truncate, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { entrySize } from './entry.ts'
import type { Batch } from './batch.ts'
import type { Segment } from './segment.ts'

/** The two files of the segment that is being written. */
export class SegmentWriter {
  readonly segment: Segment
  private readonly meta: FileHandle
  private readonly text: FileHandle
  /** The folder, too, knows of the files. */
  isNamed = false

  private constructor(segment: Segment, meta: FileHandle, text: FileHandle) {
    this.segment = segment
    this.meta = meta
    this.text = text
  }

  static async open(segment: Segment): Promise<SegmentWriter> {
    const dir = dirname(segment.path)
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const text = await openOrCreate(`${segment.path}.text`)
    try {
      return new SegmentWriter(segment, await openOrCreate(`${segment.path}.meta`), text)
    } catch (error) {
      await text.close()
      throw error
    }
  }

  /** Written at fixed places, so that it can be repeated after a failure. Text first: meta is what makes it count. */
  async write(batch: Batch): Promise<void> {
    await writeAll(this.text, batch.textBytes, batch.textFrom)
    await writeAll(this.meta, batch.metaBytes, batch.firstEntry * entrySize)
  }

  /** A busy disk may take seconds, so that nothing is synced before it can be read. */
  async sync(): Promise<void> {
    await this.text.datasync()
    await this.meta.datasync()
    if (this.isNamed) return
    // A file's name is safe only once its folder is.
    await syncFolder(dirname(this.segment.path))
    this.isNamed = true
  }

  async close(): Promise<void> {
    await Promise.all([this.text.close(), this.meta.close()])
  }
}

/** What was half written when the runtime died must not be there when it is written past. */
export async function cutToWhole(segment: Segment): Promise<void> {
  await truncate(`${segment.path}.meta`, segment.entries * entrySize)
  await truncate(`${segment.path}.text`, segment.textBytes)
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return open(path, 'wx+', 0o600)
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
}
