import type { ChildProcess } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import type { ProcessIdentity } from '../engine.ts'
import { firstChild, identify } from './identity.ts'
import { waitUntil } from './placed.ts'
import { readStatus } from './record.ts'

export interface Found {
  /** The first process of its namespace; without namespaces the command itself. */
  init: ProcessIdentity
  payload: ProcessIdentity
}

/** A payload that was gone before we looked leaves its exit code, and is then known by its init. */
export async function findProcesses(
  folder: string,
  shimLives: () => boolean,
  bwrap: boolean,
): Promise<Found | undefined> {
  let found: Found | undefined
  await waitUntil(
    () => {
      const lives = shimLives()
      const { initPid, exitCode } = readStatus(folder)
      const init =
        initPid === undefined
          ? undefined
          : (identify(initPid) ?? (exitCode === undefined ? undefined : { pid: initPid, start: 'gone' }))
      const payload = init && (bwrap ? firstChild(init.pid) : init)
      if (init && payload) found = { init, payload }
      else if (init && exitCode !== undefined) found = { init, payload: init }
      return found !== undefined || !lives
    },
    performance.now() + 20_000,
    3,
  )
  return found
}

/** Of a shim that made nothing: the signal or exit code, for whoever looks into it. */
export async function howItEnded(child: ChildProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null)
    await Promise.race([new Promise((resolve) => child.once('exit', resolve)), pause(500)])
  if (child.signalCode !== null) return child.signalCode
  return child.exitCode === null ? 'it is stuck' : `exit code ${child.exitCode}`
}
