import { oneLine, Problem } from './problem.ts'
import { Parent, type ParentOptions, Stopped } from './parent.ts'
import { prepareCheckout } from './prepare.ts'
import { readSettings } from './settings.ts'
import { rememberHome } from '../known-homes.ts'

/**
 * `m3o server`: starts the platform of this machine and stays until it is told to stop (SIGTERM, SIGINT); SIGHUP restarts
 * the platform's processes with the code that is there by now. Resolves with the exit code once everything is stopped.
 */
export async function runServer(
  options: ParentOptions = { say: (line) => process.stdout.write(`${line}\n`), prepare: prepareCheckout },
): Promise<number> {
  // A terminal that went away must not take the platform with it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  let parent: Parent | undefined
  try {
    const settings = readSettings(process.env)
    rememberHome(settings.home, process.env)
    parent = new Parent(settings, options)
    return await untilStopped(parent)
  } catch (error) {
    await parent?.abandon(error).catch((failure: unknown) => process.stderr.write(`error: ${oneLine(failure)}\n`))
    process.stderr.write(
      error instanceof Problem
        ? `error: ${oneLine(error)}\n`
        : `error: ${error instanceof Error ? error.stack : String(error)}\n`,
    )
    return 1
  }
}

async function untilStopped(parent: Parent): Promise<number> {
  const stopped = new Promise<void>((resolve, reject) => {
    // A group's signal arrives twice under tini, and people press Ctrl-C again: stopping is one thing, however often asked.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => parent.stop().then(resolve, reject))
    process.on('SIGHUP', () =>
      parent.restart().catch((error: unknown) => process.stderr.write(`error: ${oneLine(error)}\n`)),
    )
  })
  const started = parent.start().catch((error: unknown) => {
    if (!(error instanceof Stopped)) throw error
  })
  await Promise.race([stopped, started.then(() => stopped)])
  return 0
}
