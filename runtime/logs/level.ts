import type { LogLevel } from '#contract/logs.ts'

const byName: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  silly: 'trace',
  finest: 'trace',
  debug: 'debug',
  verbose: 'debug',
  fine: 'debug',
  dbg: 'debug',
  info: 'info',
  notice: 'info',
  log: 'info',
  information: 'info',
  success: 'info',
  warn: 'warn',
  warning: 'warn',
  wrn: 'warn',
  error: 'error',
  err: 'error',
  severe: 'error',
  fail: 'error',
  failure: 'error',
  fatal: 'fatal',
  critical: 'fatal',
  crit: 'fatal',
  panic: 'fatal',
  emerg: 'fatal',
  emergency: 'fatal',
  alert: 'fatal',
}

/** A level as a JSON line gives it: a name, or pino's and bunyan's number. */
export function levelFrom(value: unknown): LogLevel | undefined {
  if (typeof value === 'string')
    return Object.hasOwn(byName, value.toLowerCase()) ? byName[value.toLowerCase()] : undefined
  if (typeof value !== 'number' || !(value > 0)) return undefined
  if (value < 20) return 'trace'
  if (value < 30) return 'debug'
  if (value < 40) return 'info'
  if (value < 50) return 'warn'
  return value < 60 ? 'error' : 'fatal'
}

const wordLimit = 3
const startLimit = 100
const openers = '[(<|'
const closers = '])>|'
const calendar = new Set([
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
  'Mon',
  'Tue',
  'Wed',
  'Thu',
  'Fri',
  'Sat',
  'Sun',
  'UTC',
  'GMT',
])
const keyed = /(?:^|\s)(?:level|lvl|severity)=["']?(\w{1,20})/
const firstWord = /^(?:Uncaught |Unhandled )?([\w$.]+)(?: \[\w+\])?(?=:|$)/
const died = /^panic: |^fatal error: |^thread '.*' panicked at /
const warned = /^\(node:\d+\) |Warning: /
/** Go's own logger writes everything to stderr with this in front. */
const goLog = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /

/**
 * The level of a plain line from its first characters. A line that says nothing is `info` on stdout and `error` on
 * stderr (docs/decisions/logs.md). A loop and no clever expression: it sees every line, and some are written to be slow.
 */
export function levelOf(start: string, stderr: boolean): LogLevel {
  const said = wordLevel(start)
  if (said !== undefined) return said
  if (start.includes('=')) {
    const level = levelFrom(keyed.exec(start)?.[1])
    if (level !== undefined) return level
  }
  if (isThrown(start)) return 'error'
  if (!stderr) return 'info'
  if (died.test(start)) return 'fatal'
  if (warned.test(start)) return 'warn'
  return goLog.test(start) ? 'info' : 'error'
}

/** `ERROR x`, `2026-01-02T03:04:05Z WARN x`, `[12:00:01] [error] x`, `info: x`, `npm ERR!`: a word near the start. */
function wordLevel(start: string): LogLevel | undefined {
  const length = Math.min(start.length, startLimit)
  let words = 0
  for (let from = 0; from < length && words < wordLimit; from++) {
    if (!isLetter(start.charCodeAt(from))) continue
    let to = from + 1
    while (to < start.length && isLetter(start.charCodeAt(to))) to++
    // The T and Z of a timestamp are no words.
    if (to - from >= 3) {
      const word = start.slice(from, Math.min(to, from + 12))
      const level = levelFrom(word)
      if (level !== undefined && isLevelHere(start, { from, to, word, isFirst: words === 0 })) return level
      if (word !== 'npm' && !calendar.has(word)) words++
    } else if (to - from === 2) words++
    from = to
  }
  return undefined
}

function isLevelHere(
  start: string,
  { from, to, word, isFirst }: { from: number; to: number; word: string; isFirst: boolean },
): boolean {
  const next = start[to] ?? ' '
  if (word === word.toUpperCase()) return !/[\w-]/.test(next)
  const before = openers.indexOf(start[from - 1] ?? ' ')
  if (before !== -1 && closers[before] === next) return true
  if (start.startsWith('npm ')) return next === ' ' || next === '!'
  return isFirst && next === ':'
}

function isLetter(code: number): boolean {
  return (code > 64 && code < 91) || (code > 96 && code < 123)
}

function isThrown(start: string): boolean {
  if (start.startsWith('Traceback (most recent call last)') || start.startsWith('Exception in thread')) return true
  if (!start.includes('Error') && !start.includes('Exception')) return false
  const word = firstWord.exec(start)?.[1]
  return word !== undefined && (word.endsWith('Error') || word.endsWith('Exception'))
}
