import type { Journal } from './journal.ts'

export interface Retention {
  maxBytes: number
  maxAgeMs: number
}

const defaultRetention: Retention = { maxBytes: 1024 ** 3, maxAgeMs: 30 * 24 * 3600 * 1000 }

/** Deletes the oldest segments, whole, while the log is too large or they are too old. Gives how many. */
export async function applyRetention(
  journal: Journal,
  { retention, now }: { retention: Retention | undefined; now: number },
): Promise<number> {
  const { maxBytes, maxAgeMs } = retention ?? defaultRetention
  const oldest = now - maxAgeMs
  await journal.rollIfBefore(oldest)
  return journal.deleteOldest((segment, total) => total > maxBytes || segment.lastTime < oldest)
}
