import { accessSync, constants, readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { type Check, judgeDisk } from '#contract/checks.ts'
import { answersHealth } from './health.ts'
import { lastComplaint } from './log-file.ts'
import { readPidFile } from './pid-file.ts'
import { platformNames } from './platform-programs.ts'
import { readSettings } from './settings.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Of a platform that answers well: who looks after it. Undefined when that at `url` is none of this machine's, or not this user's to look at. */
export function examineParent(environment: Environment, url: string): Check | undefined {
  try {
    const run = join(readSettings(environment).home, 'run')
    const { web } = JSON.parse(readFileSync(join(run, 'ports'), 'utf8')) as { web?: number }
    if (String(web) !== new URL(url).port) return undefined
    if (readPidFile(join(run, 'parent.pid')) !== undefined) return undefined
  } catch {
    return undefined
  }
  return {
    name: 'parent',
    state: 'warn',
    says: 'not running: processes that exit are not restarted',
    fix: 'Start it: m3o server. It adopts running processes; services keep running.',
  }
}

/** What the folder of this machine's platform shows while nothing answers. Changes nothing. @throws Problem for settings that cannot be */
export async function examineHome(environment: Environment, { isConsoleSilent = false } = {}): Promise<Check[]> {
  const { home, databaseUrl } = readSettings(environment)
  const run = join(home, 'run')
  try {
    accessSync(run, constants.R_OK | constants.X_OK)
  } catch (error) {
    return [
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? {
            name: 'home',
            state: 'bad',
            says: `no platform has data in ${home}`,
            fix: 'Start one: m3o server. Set M3O_HOME for another folder, or --url for another platform.',
          }
        : {
            name: 'home',
            state: 'bad',
            says: `this user may not read ${home}`,
            fix: 'Run the command as the user that runs the platform.',
          },
    ]
  }
  const parent = readPidFile(join(run, 'parent.pid'))
  const names = [...(databaseUrl === undefined ? ['postgres'] : []), ...platformNames]
  return [
    parent === undefined
      ? {
          name: 'parent',
          state: 'bad',
          says: 'not running',
          fix: 'Start it: m3o server. It adopts running processes.',
        }
      : { name: 'parent', state: 'ok', says: `pid ${parent.pid}`, fix: null },
    ...(await Promise.all(
      names.map(async (name): Promise<Check> => {
        const found = readPidFile(join(run, `${name}.pid`))
        if (found !== undefined)
          return (name === 'web' ? isConsoleSilent : await isSilent(name, run))
            ? {
                name,
                state: 'bad',
                says: `pid ${found.pid} runs, but does not respond`,
                fix: `If this persists, kill it: kill -KILL ${found.pid}${parent === undefined ? ', then m3o server' : '. It is restarted within two seconds'}; services keep running.`,
              }
            : { name, state: 'ok', says: `pid ${found.pid}`, fix: null }
        const log = join(home, 'logs', `${name}.log`)
        const complaint = lastComplaint(log)
        return {
          name,
          state: 'bad',
          says: complaint === undefined ? 'not running' : `not running; its last error: ${complaint.slice(0, 300)}`,
          fix: parent === undefined ? null : `It is restarted within two seconds. If not, see ${log}`,
        }
      }),
    )),
    judgeDisk(home, statfsSync(home)),
  ]
}

/** Whether one that runs does not answer where it is asked; Postgres speaks no HTTP. */
async function isSilent(name: string, run: string): Promise<boolean> {
  return (name === 'runtime' || name === 'gateway') && !(await answersHealth({ socketPath: join(run, `${name}.sock`) }))
}
