import { expect, test } from 'vitest'
import { metricsText, processMetrics } from './metrics.ts'

test('what a service or a person named cannot add lines or labels', () => {
  expect(
    metricsText([
      {
        name: 'm3o_requests_total',
        help: 'Requests.\nMore',
        type: 'counter',
        samples: [{ labels: { service: 'a"} 1\nevil 2 \\' }, value: 3 }, { value: 4 }],
      },
    ]),
  ).toBe(
    '# HELP m3o_requests_total Requests.\\nMore\n# TYPE m3o_requests_total counter\nm3o_requests_total{service="a\\"} 1\\nevil 2 \\\\"} 3\nm3o_requests_total 4\n',
  )
})

test('a histogram is told as Prometheus reads it: each bucket with all that are below it', () => {
  expect(
    metricsText([
      {
        name: 'x_seconds',
        help: 'X.',
        type: 'histogram',
        bounds: [0.1, 1],
        samples: [{ labels: { service: 'a' }, counts: [2, 3, 1], sum: 4.5 }],
      },
    ]),
  ).toBe(
    [
      '# HELP x_seconds X.',
      '# TYPE x_seconds histogram',
      'x_seconds_bucket{service="a",le="0.1"} 2',
      'x_seconds_bucket{service="a",le="1"} 5',
      'x_seconds_bucket{service="a",le="+Inf"} 6',
      'x_seconds_sum{service="a"} 4.5',
      'x_seconds_count{service="a"} 6',
      '',
    ].join('\n'),
  )
})

test('a process tells what it takes of the machine', () => {
  const text = metricsText(processMetrics('web'))
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'nodejs_eventloop_utilization',
  ]) {
    expect(text).toMatch(new RegExp(`^${name}\\{process="web"\\} [0-9.e+-]+$`, 'm'))
  }
})
