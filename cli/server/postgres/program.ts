import { join } from 'node:path'
import type { Home } from '../home.ts'
import type { Program } from '../supervised.ts'
import type { Confinement } from './confinement.ts'
import { startPostgres } from './start.ts'

/** Embedded Postgres as the parent supervises it. Launching adopts one that still runs, so its stamp is of no matter. */
export function postgresProgram(home: Home, say: (line: string) => void): Program {
  let confinement: Confinement | undefined
  return {
    name: 'postgres',
    pidFile: join(home.run, 'postgres.pid'),
    log: join(home.logs, 'postgres.log'),
    stamp: 'postgres',
    stopSignal: 'SIGINT', // its "fast" shutdown: ends sessions, writes a checkpoint
    launch: async () => {
      const { identity, child, confinement: found } = await startPostgres(home, confinement)
      if (confinement === undefined && found?.weakness !== undefined) say(`Note: ${found.weakness}.`)
      confinement ??= found
      return { identity, child }
    },
  }
}
