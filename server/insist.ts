import type { Logger } from 'pino'

/** The runtime may be starting again: it is told until it has heard, in the background. */
export async function insist(tell: () => Promise<unknown>, log: Logger): Promise<void> {
  for (let wait = 200; wait < 60_000; wait *= 2) {
    try {
      return void (await tell())
    } catch (error) {
      log.info({ err: error }, 'the runtime was not told of a change yet')
    }
    await new Promise((resolve) => setTimeout(resolve, wait).unref())
  }
}
