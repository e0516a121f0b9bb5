import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { spawn } from '../engines/process/spawn.ts'

const step = 8 * 1024 * 1024
const page = 4096

/**
 * Gives back the disk behind what has been stored, without a rename or a truncation under the service's descriptor.
 * Node has no fallocate(2), so util-linux's does it, once in 8 MiB. Where it cannot be had the file grows until the
 * instance ends.
 */
export class Punch {
  private busy = false
  private static broken = false
  private upTo = 0
  private wiped = 0
  private wiping = false
  private readonly path: string
  private readonly warn: (message: string, details: Record<string, unknown>) => void

  constructor(path: string, warn: (message: string, details: Record<string, unknown>) => void) {
    this.path = path
    this.warn = warn
  }

  /** Everything before `stored` may go. */
  behind(stored: number): void {
    const end = Math.floor(stored / page) * page
    if (this.busy || Punch.broken || end - this.upTo < step) return
    this.busy = true
    let child
    try {
      child = spawn(
        'fallocate',
        ['--punch-hole', '--offset', String(this.upTo), '--length', String(end - this.upTo), '--', this.path],
        {
          stdio: 'ignore',
        },
      )
    } catch {
      // No descriptor is left: it is given back another time.
      this.busy = false
      return
    }
    const done = (error?: Error) => {
      this.busy = false
      if (error === undefined) {
        this.upTo = end
        return
      }
      if (!Punch.broken)
        this.warn('stored output of services cannot be given back to the disk', {
          path: this.path,
          error: error.message,
        })
      Punch.broken = true
    }
    child.once('error', done)
    // 1 also when the instance's folder has just been deleted; that must not switch it off for all.
    child.once('exit', (code) =>
      done(code === 0 || code === 1 ? undefined : new Error(`fallocate exited with ${code}`)),
    )
  }

  /** Overwrites what has been stored, masked: as it was written it may hold a secret, for as long as its instance lives. */
  async wipe(stored: number): Promise<void> {
    const from = Math.max(this.wiped, this.upTo)
    if (this.wiping || stored <= from) return
    this.wiping = true
    try {
      const file = await open(this.path, constants.O_WRONLY | constants.O_NOFOLLOW)
      try {
        // It can have become shorter, and is not to grow.
        const end = Math.min(stored, (await file.stat()).size)
        for (let at = from; at < end; at += page * 16)
          await file.write(Buffer.alloc(Math.min(page * 16, end - at)), 0, undefined, at)
        this.wiped = stored
      } finally {
        await file.close()
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.warn('stored output of a service cannot be wiped', { path: this.path, error: String(error) })
    } finally {
      this.wiping = false
    }
  }

  /** The file begins anew. */
  reset(): void {
    this.upTo = this.wiped = 0
  }
}
