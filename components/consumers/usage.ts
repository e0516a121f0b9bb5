import type { UsageSum } from '#contract/sharing.ts'
import { spokenDuration } from '#components/ui/time-words.ts'

/** How far back usage is shown; the same for the server that prefetches and the browser that reads. */
export const lookedAt = { days: 30 }

export const spokenCount = (count: number): string => count.toLocaleString('en-GB')
export const spokenMean = ({ meanMs }: UsageSum): string => (meanMs === null ? '–' : spokenDuration(meanMs))

export function spokenErrors({ requests, errors }: UsageSum): string {
  if (errors === 0) return requests === 0 ? '–' : 'none'
  const share = (errors / requests) * 100
  return `${spokenCount(errors)} · ${share < 0.1 ? '< 0.1' : share.toFixed(share < 10 ? 1 : 0)} %`
}
