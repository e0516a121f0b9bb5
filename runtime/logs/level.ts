import type { LogLevel } from '#contract/logs.ts'

const byName: Readonly<Record<string, LogLevel>> = {
  trace: 'trace', silly: 'trace', finest: 'trace',
  debug: 'debug', verbose: 'debug', fine: 'debug', dbg: 'debug',
  info: 'info', notice: 'info', log: 'info', information: 'info', success: 'info',
  warn: 'warn', warning: 'warn', wrn: 'warn',
  error: 'error', err: 'error', severe: 'error', fail: 'error', failure: 'error',
  fatal: 'fatal', critical: 'fatal', crit: 'fatal', panic: 'fatal', emerg: 'fatal', emergency: 'fatal', alert: 'fatal',
}

/** A level as a JSON line gives it: a name, or pino's and bunyan's number. */
export function levelFrom(value: unknown): LogLevel | undefined {
  if (typeof value === 'string') return Object.hasOwn(byName, value.toLowerCase()) ? byName[value.toLowerCase()] : undefined
  if (typeof value !== 'number' || !(value > 0)) return undefined
  if (value < 20) return 'trace'
  if (value < 30) return 'debug'
  if (value < 40) return 'info'
  if (value < 50) return 'warn'
  return value < 60 ? 'error' : 'fatal'
}

/** `ERROR x`, `2026-01-02T03:04:05Z WARN x`, `[12:00:01] [error] x`, `info: x`, `level=warn`, `npm ERR!`: a word near the start. */
const upper = /^[^a-zA-Z]{0,40}(?:[A-Z][a-z]{2} [^a-zA-Z]{0,30}|[\dT:.+\-Z/ ]{0,40}|npm )?[[(<|]?(TRACE|DEBUG|DBG|VERBOSE|INFO|NOTICE|WARN(?:ING)?|WRN|ERR(?:OR)?|SEVERE|FATAL|CRIT(?:ICAL)?|PANIC|EMERG|ALERT)(?![\w-])/
const lower = /^[^a-zA-Z]{0,40}(?:\[(trace|debug|verbose|info|notice|warn|warning|error|fatal|critical)\]|(trace|debug|verbose|info|notice|warn|warning|error|fatal|critical|npm (?:warn|error|notice)):? *(?::|\bcode\b|!))/i
const keyed = /(?:^|\s)(?:level|lvl|severity)=["']?(\w+)/
const thrown = /^(?:Uncaught |Unhandled )?(?:[\w$.]+\.)?[A-Z]\w*(?:Error|Exception)\b(?: \[\w+\])?(?::|$)|^Traceback \(most recent call last\)|^Exception in thread/
const warned = /^\(node:\d+\) |Warning: /
const died = /^panic: |^fatal error: |^thread '.*' panicked at /
/** Go's own logger writes everything to stderr with this in front. */
const goLog = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /

/**
 * The level of a plain line from its first characters. A line that says nothing is `info` on stdout and `error` on
 * stderr (docs/decisions/logs.md).
 */
export function levelOf(start: string, stderr: boolean): LogLevel {
  const word = upper.exec(start)?.[1]
  if (word !== undefined) return byName[word.toLowerCase()] ?? 'info'
  const match = lower.exec(start)
  if (match !== null) return byName[(match[1] ?? match[2] ?? '').toLowerCase().replace('npm ', '')] ?? 'info'
  if (start.includes('=')) {
    const level = levelFrom(keyed.exec(start)?.[1])
    if (level !== undefined) return level
  }
  if (thrown.test(start)) return 'error'
  if (!stderr) return 'info'
  if (died.test(start)) return 'fatal'
  if (warned.test(start)) return 'warn'
  return goLog.test(start) ? 'info' : 'error'
}
