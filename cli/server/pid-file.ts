import { readFileSync, rmSync } from 'node:fs'
import { writeDurably } from './durable-file.ts'
import { type Identity, isRunning } from './identity.ts'

/**
 * `$M3O_HOME/run/{name}.pid`: a line each with the pid, its start, the boot and the stamp of what it runs. The first line
 * is what people and other programs want; the rest lets the next parent adopt the process, and nobody else's.
 */
export interface PidRecord extends Identity {
  /** Hash of the code and settings that it was started with. */
  stamp: string
}

export function writePidFile(path: string, record: PidRecord): void {
  writeDurably(path, `${record.pid}\n${record.start}\n${record.boot}\n${record.stamp}\n`)
}

/** Whom the file names, when that very process still runs. */
export function readPidFile(path: string): PidRecord | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  const [pid, start, boot, stamp = ''] = text.split('\n')
  if (pid === undefined || start === undefined || boot === undefined || !/^\d+$/.test(pid)) return undefined
  const record = { pid: Number(pid), start, boot, stamp }
  return isRunning(record) ? record : undefined
}

export function removePidFile(path: string): void {
  rmSync(path, { force: true })
}
