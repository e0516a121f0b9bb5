import { join } from 'node:path'
import { type Home } from '../home.ts'
import { type Program } from '../supervised.ts'
import { startPostgres } from './start.ts'

/** Embedded Postgres as the parent supervises it. Launching adopts one that still runs, so its stamp is of no matter. */
export function postgresProgram(home: Home, say: (line: string) => void): Program {
  let toldWeakness = false
  return {
    name: 'postgres',
    pidFile: join(home.run, 'postgres.pid'),
    log: join(home.logs, 'postgres.log'),
    stamp: 'postgres',
    stopSignal: 'SIGINT', // its "fast" shutdown: ends sessions, writes a checkpoint
    launch: async () => {
      const { identity, child, weakness } = await startPostgres(home)
      if (weakness !== undefined && !toldWeakness) say(`Note: ${weakness}.`)
      toldWeakness = true
      return { identity, child }
    },
  }
}
