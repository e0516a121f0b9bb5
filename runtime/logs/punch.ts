import { spawn } from 'node:child_process'

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
    const child = spawn('fallocate', ['--punch-hole', '--offset', String(this.upTo), '--length', String(end - this.upTo), '--', this.path], {
      stdio: 'ignore',
    })
    const done = (error?: Error) => {
      this.busy = false
      if (error === undefined) {
        this.upTo = end
        return
      }
      if (!Punch.broken) this.warn('stored output of services cannot be given back to the disk', { path: this.path, error: error.message })
      Punch.broken = true
    }
    child.once('error', done)
    // 1 also when the instance's folder has just been deleted; that must not switch it off for all.
    child.once('exit', (code) => done(code === 0 || code === 1 ? undefined : new Error(`fallocate exited with ${code}`)))
  }

  /** The file begins anew. */
  reset(): void {
    this.upTo = 0
  }
}
