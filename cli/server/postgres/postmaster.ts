import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Identity, identify } from '../identity.ts'

/** What Postgres itself writes of a running server (src/include/utils/pidfile.h). We read it, and never remove it. */
interface Postmaster {
  pid: number
  ready: boolean
}

/** The server that runs on this data folder, whoever started it. */
export function runningPostmaster(data: string): (Postmaster & { identity: Identity }) | undefined {
  const written = readPostmasterFile(data)
  if (written === undefined || !servesFolder(written.pid, data)) return undefined
  const identity = identify(written.pid)
  return identity === undefined ? undefined : { ...written, identity }
}

/**
 * The pid that the file names when it is no server of this folder: a zombie that nobody reaps, or an unrelated process
 * that got the number after a reboot. Postgres would refuse to start over either; it passes over the pid in
 * PG_GRANDPARENT_PID (CreateLockFile in miscinit.c), and still checks that no shared memory of the old server is in use.
 */
export function stalePid(data: string): number | undefined {
  const written = readPostmasterFile(data)
  return written === undefined || servesFolder(written.pid, data) ? undefined : written.pid
}

function readPostmasterFile(data: string): Postmaster | undefined {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Math.abs(Number(lines[0]))
    return Number.isSafeInteger(pid) && pid > 1 ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined
  } catch {
    return undefined
  }
}

/** A postmaster's working folder is its data folder, also seen from outside its mount namespace, by device and inode. */
function servesFolder(pid: number, data: string): boolean {
  if (identify(pid) === undefined) return false
  if (process.platform !== 'linux') return true
  try {
    const theirs = statSync(`/proc/${pid}/cwd`)
    const ours = statSync(data)
    return (
      theirs.dev === ours.dev &&
      theirs.ino === ours.ino &&
      readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres'
    )
  } catch {
    return false
  }
}
