import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Home } from './home.ts'
import { identify } from './identity.ts'
import { readPidFile, removePidFile, writePidFile } from './pid-file.ts'
import { Problem } from './problem.ts'

/**
 * Makes this process the home's one parent, until it ends however it ends.
 *
 * The lock is an abstract unix socket (unix(7)): the kernel gives a name to one process only and frees it when that one
 * dies, so there is no stale lock to judge. Its name holds the installation's secret id, so nobody else can take it.
 * Where there is none (macOS), the pid file alone decides.
 */
export async function becomeParent(home: Home, stamp: string): Promise<{ release: () => void }> {
  const pidFile = join(home.run, 'parent.pid')
  const taken = () => {
    const other = readPidFile(pidFile)
    return new Problem(
      `M3O is already running on ${home.path}${other === undefined ? '' : ` (process ${other.pid})`}: stop it first, or set M3O_HOME to another folder; to upgrade it: m3o upgrade`,
    )
  }
  const lock = process.platform === 'linux' ? await hold(`\0m3o/${home.installationId}/parent`) : undefined
  if (lock === 'taken') throw taken()
  if (lock === undefined && readPidFile(pidFile) !== undefined) throw taken()

  const self = identify(process.pid)
  if (self === undefined) throw new Problem('process start times are not available (/proc is not mounted)')
  writePidFile(pidFile, { ...self, stamp })
  return {
    release: () => {
      removePidFile(pidFile)
      lock?.close()
    },
  }
}

function hold(name: string): Promise<Server | 'taken'> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve('taken') : reject(error),
    )
    server.listen(name, () => resolve(server.unref()))
  })
}
