import type { TrafficRange } from '#contract/traffic-ranges.ts'
import type { Outputs } from '#client/trpc.ts'
import { spokenDuration } from '#components/ui/time-words.ts'

export type ServiceMetrics = Outputs['metrics']['service']
type Counted = ServiceMetrics['curves'][number]

/** One line of a chart: a value for each step, null where there is none. */
interface Curve {
  name: string
  values: (number | null)[]
  /** Steps whose value is only roughly known. */ rough?: boolean[]
}
export interface ChartData {
  title: string
  curves: Curve[]
  /** How its values are said. */
  say: (value: number) => string
}
/** When each step begins, and when the last one ends that is shown. */
export interface TimeAxis {
  times: number[]
  end: number
}

export const rangeWords: Record<TrafficRange, string> = {
  '1h': 'hour',
  '6h': '6 hours',
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
}
export const shares = ['p50', 'p95', 'p99'] as const
export type Share = (typeof shares)[number]

/**
 * The four charts of what was counted, as of `now`, which may be later than the numbers: nothing was heard since, so nothing has
 * happened. `share`: which latency is shown when there are several curves; of one, all of them are.
 */
export function chartsOf(
  data: ServiceMetrics,
  { now, share }: { now: number; share: Share },
): { axis: TimeAxis; charts: ChartData[] } {
  const { stepMs } = data
  const end = Math.max(now, data.to)
  const passed = Math.max(0, Math.floor(end / stepMs) - Math.floor(data.to / stepMs))
  const from = data.from + passed * stepMs
  const count = Math.floor((end - from) / stepMs) + 1
  // A step that has hardly begun would look like a fall.
  const isShort = end - (from + (count - 1) * stepMs) < stepMs / 2
  const times = Array.from({ length: isShort ? count - 1 : count }, (_, index) => from + index * stepMs)
  const seconds = times.map((at) => Math.min(stepMs, end - at) / 1000)
  const over = <T>(values: readonly T[], none: T): T[] => times.map((_, index) => values[index + passed] ?? none)
  const each = (value: (curve: Counted) => (number | null)[]): Curve[] =>
    data.curves.map((curve) => ({ name: curve.name, values: value(curve) }))
  const rough = (curve: Counted | undefined) => over(curve?.requests ?? [], 0).map(isRough)
  const perSecond = (values: readonly number[]) =>
    over(values, 0).map((value, index) => value / (seconds[index] as number))
  const busiest = Math.max(0, ...data.curves.flatMap(({ requests }) => perSecond(requests)))
  const one = data.curves.length === 1 && data.curves[0]?.name === '' ? data.curves[0] : undefined
  const rate = busiest >= 1 || busiest === 0 ? { per: 1, word: '/s' } : { per: 60, word: '/min' }
  return {
    axis: { times, end: isShort ? from + (count - 1) * stepMs : end },
    charts: [
      {
        title: 'Requests',
        curves: each(({ requests }) => perSecond(requests).map((value) => value * rate.per)),
        say: (value) => `${spokenNumber(value)} ${rate.word}`,
      },
      {
        title: 'Errors',
        curves: each(({ requests, errors }) =>
          over(errors, 0).map((value, index) => shareOf(value, over(requests, 0)[index] ?? 0)),
        ),
        say: (value) => `${spokenNumber(value)} %`,
      },
      {
        title: one === undefined ? `Latency ${share}` : 'Latency',
        curves:
          one === undefined
            ? each((curve) => over(curve[share], null)).map((curve, index) => ({
                ...curve,
                rough: rough(data.curves[index]),
              }))
            : shares.map((name) => ({ name, values: over(one[name], null), rough: rough(one) })),
        say: spokenLatency,
      },
      {
        title: 'In flight',
        curves: each(({ busyMs }) => over(busyMs, 0).map((value, index) => value / 1000 / (seconds[index] as number))),
        say: spokenNumber,
      },
    ],
  }
}

/** 0, 0.04, 1.2, 340, 12,000: two digits that count, no more than people read. */
export function spokenNumber(value: number): string {
  if (value === 0) return '0'
  if (value >= 100) return Math.round(value).toLocaleString('en-GB')
  return String(Number(value.toPrecision(2)))
}

/** A histogram tells of few requests only roughly where they lie. Of one, the time itself is known. */
const few = 20
const isRough = (requests: number): boolean => requests > 1 && requests < few

/** "7.2 ms", "340 ms", "9.8 s": two digits that count, the same on every screen; "about" of few requests. */
export function spokenLatency(ms: number | null, requests: number = Infinity): string {
  if (ms === null) return '–'
  const rounded = ms < 0.1 ? 0.1 : Number(ms.toPrecision(2))
  const words =
    rounded < 1000
      ? `${rounded} ms`
      : rounded < 60_000
        ? `${Number((rounded / 1000).toPrecision(2))} s`
        : spokenDuration(rounded)
  return isRough(requests) ? `about ${words}` : words
}

/** "0 %", "< 0.1 %", "4.2 %" */
export function spokenErrorShare({ requests, errors }: { requests: number; errors: number }): string {
  const share = shareOf(errors, requests) ?? 0
  return share === 0 ? '0 %' : share < 0.1 ? '< 0.1 %' : `${spokenNumber(share)} %`
}

/** "none", "4 · 0.2 %" */
export function spokenErrors({ requests, errors }: { requests: number; errors: number }): string {
  if (errors === 0) return 'none'
  return `${errors.toLocaleString('en-GB')} · ${spokenErrorShare({ requests, errors })}`
}

const shareOf = (errors: number, requests: number): number | null => (requests === 0 ? null : (errors / requests) * 100)
