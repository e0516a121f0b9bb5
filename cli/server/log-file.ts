import { closeSync, copyFileSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs'

const maxBytes = 16 * 1024 * 1024

/** Opened for appending, so that what writes into it may outlive whoever opened it. */
export function openLog(path: string): number {
  return openSync(path, 'a', 0o600)
}

/**
 * Bounds a log that others hold open: copied to `{path}.1`, then emptied in place; appending goes on at the beginning.
 * What is written between the two steps is lost, which is acceptable for the platform's own log (services' logs are
 * kept by the runtime, without loss).
 */
export function rotateLog(path: string, limit = maxBytes): void {
  try {
    if (statSync(path).size <= limit) return
    copyFileSync(path, `${path}.1`)
    truncateSync(path, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** The last lines of a log, for whoever looks at the console when something dies again and again. */
export function lastLines(path: string, count: number): string[] {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const size = fstatSync(file).size
    const buffer = Buffer.alloc(Math.min(size, 16384))
    readSync(file, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8').trimEnd().split('\n').slice(-count)
  } catch {
    return []
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** The one line of a log's end that says why, as far as that can be told. */
export function lastReason(path: string): string {
  return (
    lastComplaint(path) ??
    lastLines(path, 40)
      .map((line) => line.trim())
      .findLast((line) => line !== '') ??
    'it gave no reason'
  )
}

/** The last line of a log's end that speaks of a failure; of one of our own, what it says. */
export function lastComplaint(path: string): string | undefined {
  const line = lastLines(path, 40)
    .map((each) => each.trim())
    .findLast((each) => /^\w*(Error|Problem)\b|"level":[56]0|"msg":.*"err|\b(FATAL|PANIC|error):/.test(each))
  return line === undefined ? undefined : saidIn(line)
}

function saidIn(line: string): string {
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } }
    return [msg, err?.message].filter(Boolean).join(': ') || line
  } catch {
    return line
  }
}
