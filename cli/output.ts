import { stripVTControlCharacters } from 'node:util'
import colors from 'picocolors'
import { type ErrorCode, errorStatus, isPlatformError, PlatformError } from '#contract/errors.ts'
import { Misuse } from './misuse.ts'
import { platformError, type Session } from './session.ts'

/** With `--json` one document on stdout; else what a person reads. */
export function show(session: Pick<Session, 'json'>, value: unknown, text: string | (() => string)): void {
  print(session.json ? JSON.stringify(value) : typeof text === 'string' ? text : text())
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Progress and remarks, for people only. */
export function note(session: Pick<Session, 'json'>, line: string): void {
  if (!session.json) process.stderr.write(`${line}\n`)
}

/** Columns as wide as they need to be; what a service can set cannot move the cursor. */
export function table(head: string[], rows: string[][]): string {
  const safe = rows.map((row) => row.map(plain))
  const widths = head.map((title, column) => Math.max(title.length, ...safe.map((row) => (row[column] ?? '').length)))
  const line = (cells: string[], paint: (text: string) => string = (text) => text) =>
    cells
      .map((cell, column) => paint(cell.padEnd(column === cells.length - 1 ? 0 : (widths[column] ?? 0))))
      .join('  ')
      .trimEnd()
  return [
    line(
      head.map((title) => title.toUpperCase()),
      colors.dim,
    ),
    ...safe.map((row) => line(row)),
  ].join('\n')
}

/** Without control characters, which a terminal would obey, and without those that turn the direction of text. */
export const plain = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) =>
    character === '\t' ? '  ' : '·',
  )

/**
 * A service's own line: its colours where the terminal shows colours, without any other escape sequence and without control characters.
 * The colours end with the line.
 */
export function coloured(line: string, showsColours: boolean = colors.isColorSupported): string {
  const parts = line.split(/(\u001b\[[0-9;:]*m)/)
  if (parts.length === 1) return plain(stripVTControlCharacters(line))
  const text = parts.map((part, at) =>
    at % 2 === 0 ? plain(stripVTControlCharacters(part)) : showsColours ? part : '',
  )
  return `${text.join('')}${showsColours ? '\u001b[0m' : ''}`
}

/** Prints why a run failed and gives its exit code. `document` is what stdout gets with `--json` instead of the bare error. */
export function fail(error: unknown, session: Pick<Session, 'json'> | undefined, document?: unknown): number {
  const known = platformError(error) ?? unexpected(error)
  const fix = known.fix ?? usualFix(known.code)
  if (session?.json) print(JSON.stringify(document ?? { error: { ...known.toJSON(), fix } }))
  const [first = '', ...more] = known.message.split('\n').map(plain)
  process.stderr.write([`${colors.red('error:')} ${first} (${known.code})`, ...more, ''].join('\n'))
  process.stderr.write(`${plain(fix)}\n`)
  return error instanceof Misuse ? 2 : 1
}

/** Where nobody knew better: every failure says what to do. */
function usualFix(code: ErrorCode): string {
  if (code === 'unauthenticated') return 'Log in: m3o login.'
  if (code === 'forbidden') return 'Ask an admin of the team.'
  if (code === 'not_found') return 'Check the spelling: m3o services, m3o env list and m3o team list show the names.'
  if (errorStatus[code] < 500) return 'Correct it and try again.'
  return 'Check the platform with m3o doctor, then try again.'
}

function unexpected(error: unknown): PlatformError {
  if (isPlatformError(error)) return error
  if (process.env.M3O_DEBUG) console.error(error)
  return new PlatformError('internal', error instanceof Error ? error.message : String(error), {
    fix: 'Try again. Set M3O_DEBUG=1 to see the whole error.',
  })
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return ms < 60_000
    ? `${(ms / 1_000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`
}

/** "3 min ago". */
export const ago = (at: number, now = Date.now()): string => `${span(now - at)} ago`

/** "in 3 h". */
export const within = (at: number, now = Date.now()): string => `in ${span(at - now)}`

function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  for (const [size, unit] of [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
  ] as const)
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`
  return `${seconds} s`
}
