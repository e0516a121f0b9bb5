import { accessSync, constants, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { type Check, judgeDisk } from '#contract/checks.ts'
import { lastComplaint } from './log-file.ts'
import { readPidFile } from './pid-file.ts'
import { platformNames } from './platform-programs.ts'
import { readSettings } from './settings.ts'

/** What the folder of this machine's platform shows while nothing answers. Changes nothing. @throws Problem for settings that cannot be */
export function examineHome(environment: Readonly<Record<string, string | undefined>>): Check[] {
  const { home, databaseUrl } = readSettings(environment)
  const run = join(home, 'run')
  try {
    accessSync(run, constants.R_OK | constants.X_OK)
  } catch (error) {
    return [(error as NodeJS.ErrnoException).code === 'ENOENT'
      ? { name: 'home', state: 'bad', says: `no platform was ever started with its data in ${home}`, fix: 'Start one: m3o server. Another folder is named by M3O_HOME, another platform by --url.' }
      : { name: 'home', state: 'bad', says: `${home} may not be read by this user`, fix: 'Run it as the user whose platform it is.' }]
  }
  const parent = readPidFile(join(run, 'parent.pid'))
  const names = [...(databaseUrl === undefined ? ['postgres'] : []), ...platformNames]
  return [
    parent === undefined
      ? { name: 'parent', state: 'bad', says: 'not running', fix: 'Start it: m3o server. What still runs is taken over.' }
      : { name: 'parent', state: 'ok', says: `pid ${parent.pid}`, fix: null },
    ...names.map((name): Check => {
      const found = readPidFile(join(run, `${name}.pid`))
      if (found !== undefined) return { name, state: 'ok', says: `pid ${found.pid}`, fix: null }
      const log = join(home, 'logs', `${name}.log`)
      const complaint = lastComplaint(log)
      return { name, state: 'bad', says: complaint === undefined ? 'not running' : `not running; the last it complained of: ${complaint.slice(0, 300)}`, fix: parent === undefined ? null : `It is started again within two seconds. If it stays away: ${log}` }
    }),
    judgeDisk(home, statfsSync(home)),
  ]
}
