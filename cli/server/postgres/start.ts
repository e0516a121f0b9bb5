import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Home } from '../home.ts'
import type { Identity } from '../identity.ts'
import { lastReason, openLog } from '../log-file.ts'
import { Problem } from '../problem.ts'
import { chooseConfinement, type Confinement, postgresEnvironment } from './confinement.ts'
import { type PostgresFolders, postgresFolders } from './folders.ts'
import { admitClients, initialise } from './initialise.ts'
import { runningPostmaster, stalePid } from './postmaster.ts'
import { configuration } from './configuration.ts'

export interface StartedPostgres {
  identity: Identity
  /** What ends when the server does, if we started it; undefined for one that outlived its parent and was adopted. */
  child: ChildProcess | undefined
  /** Folder of its socket: connect as `m3o` to the database `m3o` (made by whoever migrates). */
  socketFolder: string
  /** How it is run, to be given to the next start; undefined for an adopted one. */
  confinement: Confinement | undefined
}

/** How long recovery after a power loss may take before we give up waiting for it. */
const readyWithinMs = 120_000

/**
 * Starts the embedded Postgres of this home, or adopts the one that still runs there. Resolves when it takes connections. `known`
 * is how an earlier start found that it can be run here, which need not be tried again.
 */
export async function startPostgres(home: Home, known?: Confinement): Promise<StartedPostgres> {
  const folders = postgresFolders(home)
  const deadline = performance.now() + readyWithinMs
  const running = runningPostmaster(folders.data)
  if (running !== undefined) {
    await untilReady(folders, undefined, deadline)
    return { identity: running.identity, child: undefined, socketFolder: folders.base, confinement: undefined }
  }
  const confinement = known ?? (await chooseConfinement(folders))
  await initialise(folders, confinement)
  admitClients(folders, confinement)
  const child = launch(folders, confinement)
  const identity = await untilReady(folders, child, deadline)
  return { identity, child, socketFolder: folders.base, confinement }
}

function launch(folders: PostgresFolders, confinement: Confinement): ChildProcess {
  const [file = '', ...args] = confinement.commandLine('postgres', [
    '-D',
    join(confinement.base, 'data'),
    ...configuration(confinement.base).flatMap((line) => ['-c', line]),
  ])
  const stale = stalePid(folders.data)
  const environment = {
    ...postgresEnvironment(confinement),
    ...(stale !== undefined && { PG_GRANDPARENT_PID: String(stale) }),
  }
  const log = openLog(folders.log)
  try {
    const child = spawn(file, args, { env: environment, stdio: ['ignore', log, log], detached: true })
    child.unref()
    child.on('error', () => {}) // It shows as an exit without a code, which untilReady reports.
    return child
  } finally {
    closeSync(log)
  }
}

async function untilReady(
  folders: PostgresFolders,
  child: ChildProcess | undefined,
  deadline: number,
): Promise<Identity> {
  const ended = () =>
    child !== undefined && (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
  while (performance.now() < deadline) {
    const postmaster = runningPostmaster(folders.data)
    if (postmaster?.ready) return postmaster.identity
    if (ended() && postmaster === undefined)
      throw new Problem(`Postgres did not start: ${lastReason(folders.log)} (see ${folders.log})`)
    await pause(5)
  }
  throw new Problem(
    `Postgres is not ready after ${readyWithinMs / 1000} s: ${lastReason(folders.log)} (see ${folders.log})`,
  )
}
