import { PlatformError } from '#contract/errors.ts'
import { Problem } from './problem.ts'

/** What stands in the way of a command for this machine's platform, as every command tells it. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Problem) throw new PlatformError('unavailable', error.message, {}, { cause: error })
    const { code, path } = error as NodeJS.ErrnoException
    if (code !== undefined && path !== undefined)
      throw new PlatformError(
        'bad_request',
        `${path} cannot be used: ${code}`,
        { fix: 'Give a file in a folder that exists and that you may write.' },
        { cause: error },
      )
    throw error
  }
}
