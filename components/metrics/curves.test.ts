import { expect, test } from 'vitest'
import { roundTop, timeMarks } from '#components/ui/chart-scale.ts'
import { chartsOf, type ServiceMetrics, spokenNumber } from './curves.ts'

const stepMs = 20_000
const curve = (
  name: string,
  requests: number[],
  more: Partial<ServiceMetrics['curves'][number]> = {},
): ServiceMetrics['curves'][number] => ({
  name,
  requests,
  errors: requests.map(() => 0),
  limited: requests.map(() => 0),
  busyMs: requests.map((each) => each * 100),
  p50: requests.map(() => 3),
  p95: requests.map(() => 9),
  p99: requests.map(() => null),
  total: { requests: 0, errors: 0, limited: 0, p50: null, p95: null, p99: null },
  ...more,
})
const data = (curves: ServiceMetrics['curves'], to = 4 * stepMs): ServiceMetrics => ({
  from: stepMs,
  to,
  stepMs,
  inFlight: 0,
  curves,
})
const values = (charts: ReturnType<typeof chartsOf>, title: string) =>
  charts.charts.find((chart) => chart.title === title)?.curves.map((each) => each.values)

test('rates are those of whole steps; one that has hardly begun is left out, one that is half over counts for its part', () => {
  const early = chartsOf(data([curve('', [40, 80, 0, 100])], 4 * stepMs + 5_000), { now: 0, share: 'p95' })
  expect(early.axis.times).toEqual([stepMs, 2 * stepMs, 3 * stepMs])
  expect(values(early, 'Requests')).toEqual([[2, 4, 0]])
  const late = chartsOf(data([curve('', [40, 80, 0, 100])], 4 * stepMs + 10_000), { now: 0, share: 'p95' })
  expect(values(late, 'Requests')).toEqual([[2, 4, 0, 10]])
  expect(values(late, 'In flight')?.[0]?.[0]).toBeCloseTo(0.2)
})

test('time goes on without news: nothing happened since', () => {
  const later = chartsOf(data([curve('', [40, 80, 0, 100])]), { now: 6 * stepMs + 15_000, share: 'p95' })
  expect(later.axis.times[0]).toBe(3 * stepMs)
  expect(values(later, 'Requests')).toEqual([[0, 5, 0, 0]])
  expect(values(later, 'Errors')).toEqual([[null, 0, null, null]])
})

test('one curve shows its three latencies, several the one that is asked for; few requests are told by the minute', () => {
  expect(
    chartsOf(data([curve('', [1, 1, 1, 1])]), { now: 0, share: 'p50' })
      .charts.find(({ title }) => title === 'Latency')
      ?.curves.map(({ name }) => name),
  ).toEqual(['p50', 'p95', 'p99'])
  const two = chartsOf(data([curve('production', [1, 1, 1, 1]), curve('alice', [2, 2, 2, 2])]), {
    now: 0,
    share: 'p50',
  })
  expect(values(two, 'Latency p50')).toEqual([
    [3, 3, 3],
    [3, 3, 3],
  ])
  expect(two.charts[0]?.say(3)).toBe('3 /min')
  expect(values(two, 'Requests')?.[1]?.[0]).toBe(6)
})

test('scales end in round numbers, and time is marked at round ones', () => {
  expect([0, 0.3, 1, 1.01, 2.3, 99, 101].map(roundTop)).toEqual([1, 0.5, 1, 2, 2.5, 100, 200])
  expect([0, 0.0423, 1.25, 34.6, 340.2, 12_000].map(spokenNumber)).toEqual(['0', '0.042', '1.3', '35', '340', '12,000'])
  for (const hours of [1, 6, 24, 168, 720]) {
    const marks = timeMarks(1_764_100_000_000 - hours * 3_600_000, 1_764_100_000_000, 'UTC')
    expect(marks.length).toBeGreaterThan(2)
    expect(marks.length).toBeLessThanOrEqual(8)
  }
})
