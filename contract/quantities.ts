/** Sizes and times as people write them. */

const memoryUnits: Record<string, number> = {
  k: 1 / 1024,
  kb: 1 / 1024,
  kib: 1 / 1024,
  m: 1,
  mb: 1,
  mib: 1,
  g: 1024,
  gb: 1024,
  gib: 1024,
  '': 1,
}

/**
 * "256MB", "1.5 GiB", 512 → whole MiB. MB and MiB are the same here, as they are to Docker and to most people who type
 * them. Undefined when it is not a size.
 */
export function parseMemory(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? Math.round(value) : undefined
  const match = /^(\d{1,9}(?:\.\d{1,3})?)\s*([kmg](?:i?b)?)?$/i.exec(value.trim())
  if (!match) return undefined
  const size = Math.round(Number(match[1]) * (memoryUnits[(match[2] ?? '').toLowerCase()] ?? 1))
  return size > 0 ? size : undefined
}

const timeUnits: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** "90s", "10m", "1h30m", "2d" → milliseconds; undefined when it is not a time. */
export function parseDuration(value: string): number | undefined {
  const text = value.trim()
  if (!/^(\d{1,9}(ms|s|m|h|d))+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g))
    total += Number(amount) * (timeUnits[unit ?? ''] ?? 0)
  return Number.isSafeInteger(total) ? total : undefined
}
