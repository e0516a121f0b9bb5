import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What `m3o dev` keeps on this machine, none of it in the service's own folder. */
const cache = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'm3o')
const state = () => join(process.env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'm3o')

export const devFolders = {
  /** The SDK and the preloads, as every sandbox has them. */
  platform: () => join(cache(), 'platform'),
  /** JavaScript of files that were compiled before. */
  transform: () => join(cache(), 'transform'),
  /** JavaScript of what this process runs. */
  builds: () => join(cache(), 'dev', String(process.pid)),
  /** The service's M3O_DATA here: stays, one for each service and environment. */
  data: (at: { url: string; team: string; environment: string; service: string }) =>
    join(
      state(),
      'data',
      createHash('sha256').update(at.url).digest('hex').slice(0, 12),
      at.team,
      at.environment,
      at.service,
    ),
}

/** What those that were killed have left. */
export async function sweepBuilds(): Promise<void> {
  const folder = join(cache(), 'dev')
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    if (/^\d+$/.test(name) && !isAlive(Number(name))) await rm(join(folder, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
