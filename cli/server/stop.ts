import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { answersHealth, askShutdown } from './health.ts'
import type { Home } from './home.ts'
import type { PlatformName } from './platform-programs.ts'
import type { Settings } from './settings.ts'
import type { Supervised } from './supervised.ts'

/** Everything that runs; `postgres` is undefined when the database is somebody else's. */
export interface Platform {
  home: Home
  settings: Settings
  postgres: Supervised | undefined
  processes: Readonly<Record<PlatformName, Supervised>>
}

/** All that stopping may take, in milliseconds; together under the ten seconds that are promised. */
const limits = { web: 1_000, runtimeBack: 2_000, services: 4_000, runtime: 500, gateway: 500, postgres: 1_500 }

/**
 * Stops in order: nobody comes in, services end, then what serves them, and what all of them write to at last. A process
 * that does not end in its time is killed.
 */
export async function stopPlatform({ home, postgres, processes }: Platform): Promise<void> {
  const { web, runtime, gateway } = processes
  const socket = join(home.run, 'runtime.sock')
  await web.stop(limits.web)
  if (runtime.wanted) {
    // Only the runtime knows the services: one that has just died is first brought back.
    if (!runtime.running) await runtime.start().catch(() => {})
    await until(() => answersHealth({ socketPath: socket }), limits.runtimeBack)
    runtime.retire()
    await askShutdown(socket, limits.services)
  }
  await runtime.stop(limits.runtime)
  if (gateway.wanted) await gateway.stop(limits.gateway)
  await postgres?.stop(limits.postgres)
}

async function until(condition: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (performance.now() < deadline && !(await condition())) await pause(20)
}
