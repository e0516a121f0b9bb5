import type { Command } from 'commander'
import { fail } from './output.ts'
import { type GlobalOptions, Session } from './session.ts'

/**
 * Wraps a command's work, which gives the exit code when that is not 0: its session is made from the global options, failures
 * are shown in one way.
 * @param how.saysPlace the command itself tells which platform and environment it is about
 */
export function run<Given extends unknown[]>(
  work: (session: Session, ...given: Given) => Promise<number | void>,
  how: { saysPlace?: boolean } = {},
) {
  return async (...given: unknown[]) => {
    const command = given.at(-1) as Command
    let session: Session | undefined
    const options = command.optsWithGlobals<GlobalOptions>()
    try {
      session = new Session(options)
      if (!how.saysPlace) session.remarkPlace()
      process.exitCode = (await work(session, ...(given.slice(0, -1) as Given))) ?? 0
    } catch (error) {
      process.exitCode = fail(error, session ?? { json: options.json ?? false })
    }
  }
}
export type Run = typeof run
