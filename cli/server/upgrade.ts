import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { PlatformError } from '#contract/errors.ts'
import { checkout } from './checkout.ts'
import { explained } from './explained.ts'
import { isRunning, signalTo } from './identity.ts'
import { readOutcome } from './outcome-file.ts'
import { readPidFile } from './pid-file.ts'
import { prepareCheckout } from './prepare.ts'
import { readSettings } from './settings.ts'

const withinMs = 150_000

/**
 * `m3o upgrade`: this machine's platform, to the code that is here by now. What that needs is made first, so that nothing changes when it
 * cannot be. @throws PlatformError
 */
export function runUpgrade(): Promise<{ url: string; tookMs: number }> {
  return explained(upgrade)
}

async function upgrade(): Promise<{ url: string; tookMs: number }> {
  const { home } = readSettings(process.env)
  const parent = readPidFile(join(home, 'run/parent.pid'))
  if (parent === undefined)
    throw new PlatformError('not_in_this_state', `M3O is not running on ${home}`, {
      fix: 'Start it with npm start. For another folder, set M3O_HOME.',
    })
  if (parent.stamp === '')
    throw new PlatformError('not_in_this_state', 'the running release cannot upgrade itself', {
      fix: 'Stop it, then start it with npm start.',
    })
  if (parent.stamp !== checkout)
    throw new PlatformError('not_in_this_state', `the running platform uses the code in ${parent.stamp}`, {
      fix: `Run ${parent.stamp}/bin/m3o upgrade.`,
    })
  await prepareCheckout()
  const began = performance.now()
  const before = readOutcome(home)
  signalTo(parent, 'SIGHUP')
  while (performance.now() - began < withinMs) {
    const isOver = !isRunning(parent)
    const now = readOutcome(home)
    if (now !== undefined && now.at !== before?.at && 'url' in now)
      return { url: now.url, tookMs: performance.now() - began }
    if (isOver) {
      throw new PlatformError(
        'unavailable',
        now !== undefined && 'failure' in now ? now.failure : 'the platform exited without a known reason',
        {
          fix: 'Services and calls continue. Fix the cause and run npm start, with this release or the previous one.',
        },
      )
    }
    await pause(50)
  }
  throw new PlatformError('unavailable', `the platform is not ready after ${withinMs / 1000} s`, {
    fix: `See its logs in ${join(home, 'logs')}.`,
  })
}
