/** The cap of one log: lines and bytes that it may take in a second, and as a burst. */
export interface PaceLimits {
  linesPerSecond: number
  bytesPerSecond: number
  burstSeconds: number
}

/** Never below 50,000 lines/s and 20 MB/s. What comes faster waits in its file; see flood.ts for what cannot wait. */
export const defaultPace: PaceLimits = { linesPerSecond: 75_000, bytesPerSecond: 30e6, burstSeconds: 4 }

export class Pace {
  private readonly limits: PaceLimits
  private lines: number
  private bytes: number
  private at: number

  constructor(limits: PaceLimits, now: number) {
    this.limits = limits
    this.lines = limits.linesPerSecond * limits.burstSeconds
    this.bytes = limits.bytesPerSecond * limits.burstSeconds
    this.at = now
  }

  spend(lines: number, bytes: number): void {
    this.lines -= lines
    this.bytes -= bytes
  }

  /** Milliseconds until more may be read; 0 for at once. */
  wait(now: number): number {
    const { linesPerSecond, bytesPerSecond, burstSeconds } = this.limits
    const passed = Math.max(0, now - this.at) / 1000
    this.at = now
    this.lines = Math.min(this.lines + passed * linesPerSecond, linesPerSecond * burstSeconds)
    this.bytes = Math.min(this.bytes + passed * bytesPerSecond, bytesPerSecond * burstSeconds)
    if (this.lines > 0 && this.bytes > 0) return 0
    return Math.ceil(Math.max(-this.lines / linesPerSecond, -this.bytes / bytesPerSecond) * 1000) + 1
  }
}
