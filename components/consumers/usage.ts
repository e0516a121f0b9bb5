import type { UsageSum } from '#contract/sharing.ts'
import { spokenErrors as spokenErrorsOf, spokenLatency } from '#components/metrics/curves.ts'

/** The time range in which usage is shown; the same for the server that prefetches and the browser that reads. */
export const lookedAt = { days: 30 }

export const spokenCount = (count: number): string => count.toLocaleString('en-GB')
export const spokenMean = ({ meanMs }: UsageSum): string => spokenLatency(meanMs)

export const spokenErrors = (sum: UsageSum): string =>
  sum.requests === 0 && sum.errors === 0 ? '–' : spokenErrorsOf(sum)
