import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { PlatformError } from '#contract/errors.ts'
import { checkout } from './checkout.ts'
import { explained } from './explained.ts'
import { isRunning, signalTo } from './identity.ts'
import { readPidFile } from './pid-file.ts'
import { prepareCheckout } from './prepare.ts'
import { readReady } from './ready-file.ts'
import { readSettings } from './settings.ts'

const withinMs = 150_000

/**
 * `m3o server restart`: this machine's platform, with the code that is here by now. What that needs is made first, so that nothing changes when it
 * cannot be. @throws PlatformError
 */
export function runRestart(): Promise<{ url: string; tookMs: number }> {
  return explained(restart)
}

async function restart(): Promise<{ url: string; tookMs: number }> {
  const { home } = readSettings(process.env)
  const parent = readPidFile(join(home, 'run/parent.pid'))
  if (parent === undefined) throw new PlatformError('not_in_this_state', `M3O does not run on ${home}`, { fix: 'Start it: npm start. For another folder, set M3O_HOME.' })
  if (parent.stamp === '') throw new PlatformError('not_in_this_state', 'what runs is of a release that cannot take up another one', { fix: 'Stop it, then start it anew: npm start.' })
  if (parent.stamp !== checkout) throw new PlatformError('not_in_this_state', `what runs is the code in ${parent.stamp}`, { fix: `Say it there: ${parent.stamp}/bin/m3o server restart.` })
  await prepareCheckout()
  const began = performance.now()
  const before = readReady(home)
  signalTo(parent, 'SIGHUP')
  while (performance.now() - began < withinMs) {
    const now = readReady(home)
    if (now !== undefined && now.at !== before?.at) return { url: now.url, tookMs: performance.now() - began }
    if (!isRunning(parent)) throw new PlatformError('unavailable', 'the platform ended instead, and said why where it was started', { fix: 'Services and calls go on. Mend it and start it again, or the release before: npm start.' })
    await pause(50)
  }
  throw new PlatformError('unavailable', `the platform is not ready after ${withinMs / 1000} s`, { fix: `Look into its logs, in ${join(home, 'logs')}.` })
}
