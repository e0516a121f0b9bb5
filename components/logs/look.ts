import { logLevels, logStreams } from '#contract/log-words.ts'
import type { LogFilter, LogLevel, LogMatch, LogStream } from '#contract/logs.ts'
import { formatCondition, parseCondition } from './condition.ts'

export const ranges = { '15m': 15 * 60_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 7 * 86_400_000 } as const
export type Range = keyof typeof ranges

/** A line, wherever one looks from: its service, its environment when it is another than the one looked at, and its seq. */
export interface Place {
  service: string
  environment: string | undefined
  seq: number
}

/** What a log view shows and how: all of it stands in the address, and nowhere else. */
export interface Look {
  /** Empty: all of the environment's. */
  services: string[]
  match: LogMatch[]
  /** The condition in the search box: it filters while it is typed. */
  typed: string
  levels: LogLevel[]
  streams: LogStream[]
  instances: string[]
  revisions: string[]
  trace: string
  /** Back from now; or `from`, milliseconds since 1970. */
  range: Range | null
  from: number | null
  until: number | null
  at: Place | null
  wrap: boolean
  times: boolean
  dense: boolean
}

export const plainLook: Look = {
  services: [],
  match: [],
  typed: '',
  levels: [],
  streams: [],
  instances: [],
  revisions: [],
  trace: '',
  range: null,
  from: null,
  until: null,
  at: null,
  wrap: true,
  times: true,
  dense: false,
}

const list = (text: string | null) =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .slice(0, 200)
const among = <T extends string>(known: readonly T[], text: string | null) =>
  known.filter((value) => list(text).includes(value))
const time = (text: string | null) => {
  const at = text === null ? NaN : Date.parse(text)
  return Number.isNaN(at) ? null : at
}

/** Reads an address's query; what it does not understand it passes over. */
export function parseLook(query: URLSearchParams, service?: string): Look {
  const range = query.get('range')
  const seq = query.get('seq')
  return {
    services: list(query.get('services')),
    match: query
      .getAll('q')
      .flatMap((typed) => parseCondition(typed) ?? [])
      .slice(0, 10),
    typed: (query.get('find') ?? '').slice(0, 1000),
    levels: among(logLevels, query.get('level')),
    streams: among(logStreams, query.get('stream')),
    instances: list(query.get('instance')),
    revisions: list(query.get('revision')),
    trace: (query.get('trace') ?? '').slice(0, 128),
    range: range !== null && Object.hasOwn(ranges, range) ? (range as Range) : null,
    from: time(query.get('from')),
    until: time(query.get('until')),
    // `seq` alone is enough where there is one service.
    at: parsePlace(query.get('at') ?? (seq !== null && service !== undefined ? `${service}:${seq}` : '')),
    wrap: query.get('wrap') !== '0',
    times: query.get('times') !== '0',
    dense: query.get('dense') === '1',
  }
}

/** The query that {@link parseLook} reads as this look; '' for the plain one. */
export function formatLook(look: Look): string {
  const query = new URLSearchParams()
  const put = (name: string, value: string) => {
    if (value !== '') query.append(name, value)
  }
  put('services', look.services.join(','))
  for (const match of look.match) put('q', formatCondition(match))
  put('find', look.typed)
  put('level', look.levels.join(','))
  put('stream', look.streams.join(','))
  put('instance', look.instances.join(','))
  put('revision', look.revisions.join(','))
  put('trace', look.trace)
  put('range', look.range ?? '')
  if (look.from !== null) put('from', new Date(look.from).toISOString())
  if (look.until !== null) put('until', new Date(look.until).toISOString())
  if (look.at !== null) put('at', formatPlace(look.at))
  put('wrap', look.wrap ? '' : '0')
  put('times', look.times ? '' : '0')
  put('dense', look.dense ? '1' : '')
  return query.toString()
}

/** `hello:17`, `hello@production:17`. */
function parsePlace(text: string): Place | null {
  const parts = /^([a-z][a-z\d-]{0,40})(?:@([a-z][a-z\d-]{0,40}))?:(\d{1,15})$/.exec(text)
  const seq = Number(parts?.[3])
  return parts?.[1] === undefined || !(seq > 0) ? null : { service: parts[1], environment: parts[2], seq }
}

export const formatPlace = ({ service, environment, seq }: Place) =>
  `${service}${environment === undefined ? '' : `@${environment}`}:${seq}`

export function filterOf(look: Look, now: number): LogFilter {
  const since = look.range === null ? look.from : now - ranges[look.range]
  const match = matchOf(look)
  return {
    ...(match.length > 0 && { match }),
    ...(look.levels.length > 0 && { levels: look.levels }),
    ...(look.streams.length > 0 && { stream: look.streams }),
    ...(look.instances.length > 0 && { instance: look.instances }),
    ...(look.revisions.length > 0 && { revision: look.revisions }),
    ...(look.trace !== '' && { trace: look.trace }),
    ...(since !== null && { since }),
    ...(look.until !== null && { until: look.until }),
  }
}

/** All conditions on the text, with the one in the search box. */
export function matchOf({ match, typed }: Pick<Look, 'match' | 'typed'>): LogMatch[] {
  const last = parseCondition(typed)
  return last === undefined ? match : [...match, last]
}

/** Whether lines may be hidden that are there. */
export function isFiltered(look: Look): boolean {
  return Object.keys(filterOf(look, 0)).length > 0
}

export const withoutFilters = (look: Look): Look => ({
  ...plainLook,
  services: look.services,
  wrap: look.wrap,
  times: look.times,
  dense: look.dense,
})
