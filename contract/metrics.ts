import { readFileSync, readdirSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

/**
 * What a process counts, in Prometheus' text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). All of it is counted elsewhere and only written here, when
 * somebody asks: no timer runs and no request pays for it.
 */
export type Labels = Readonly<Record<string, string | number>>
interface Sample {
  labels?: Labels
  value: number
}
interface HistogramSample {
  labels?: Labels
  /** Count per bucket, one more than there are bounds: the last one for all that is above. */
  counts: readonly number[]
  sum: number
}
export type Metric =
  | { name: string; help: string; type: 'counter' | 'gauge'; samples: readonly Sample[] }
  /** `bounds`: the upper ones, in the unit that the name ends with. */
  | { name: string; help: string; type: 'histogram'; bounds: readonly number[]; samples: readonly HistogramSample[] }

export const metricsPath = '/metrics'
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

export function metricsText(metrics: readonly Metric[]): string {
  return metrics
    .map((metric) => {
      const head = `# HELP ${metric.name} ${metric.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${metric.name} ${metric.type}\n`
      return (
        head +
        (metric.type === 'histogram'
          ? metric.samples.map((sample) => histogramLines(metric.name, metric.bounds, sample)).join('')
          : metric.samples.map(({ labels, value }) => line(metric.name, labels, value)).join(''))
      )
    })
    .join('')
}

function histogramLines(name: string, bounds: readonly number[], { labels, counts, sum }: HistogramSample): string {
  let below = 0
  const buckets = counts.map((count, index) =>
    line(`${name}_bucket`, { ...labels, le: bounds[index] ?? '+Inf' }, (below += count)),
  )
  return `${buckets.join('')}${line(`${name}_sum`, labels, sum)}${line(`${name}_count`, labels, below)}`
}

function line(name: string, labels: Labels | undefined, value: number): string {
  const pairs = Object.entries(labels ?? {}).map(([label, text]) => `${label}="${escaped(String(text))}"`)
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${Number.isNaN(value) ? 'NaN' : value}\n`
}

const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

let idleBefore = performance.eventLoopUtilization()

/** Of the process that asks, by the names that Prometheus' own clients give them. */
export function processMetrics(process_: string): Metric[] {
  const gauge = (name: string, help: string, value: number | undefined): Metric[] =>
    value === undefined ? [] : [{ name, help, type: 'gauge', samples: [{ labels: { process: process_ }, value }] }]
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  const since = performance.eventLoopUtilization(idleBefore)
  idleBefore = performance.eventLoopUtilization()
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'CPU time used.',
      type: 'counter',
      samples: [{ labels: { process: process_ }, value: (user + system) / 1e6 }],
    },
    ...gauge('process_resident_memory_bytes', 'Memory in use, shared pages included.', rss),
    ...gauge('process_proportional_memory_bytes', 'Memory in use, shared pages by their share.', proportionalBytes()),
    ...gauge('process_open_fds', 'Open file descriptors.', openDescriptors()),
    ...gauge(
      'process_start_time_seconds',
      'Start time, in seconds since the epoch.',
      Date.now() / 1000 - process.uptime(),
    ),
    ...gauge('nodejs_heap_size_used_bytes', 'Of the JavaScript heap.', heapUsed),
    ...gauge(
      'nodejs_eventloop_utilization',
      'Share of time that the event loop was busy since the last read.',
      since.utilization,
    ),
  ]
}

function proportionalBytes(): number | undefined {
  try {
    return Number(/^Pss: +(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'))?.[1]) * 1024 || undefined
  } catch {
    return undefined
  }
}

function openDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}
