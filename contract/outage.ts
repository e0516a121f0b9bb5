import { PlatformError } from './errors.ts'

/** SQLSTATE (appendix A of PostgreSQL's manual), also of a connection that is lost (db/connections.ts): the database is away, or starts. */
const databaseAway = new Set(['57P01', '57P02', '57P03', '08000', '08003', '08006', '53300'])
const diskFull = new Set(['ENOSPC', 'EDQUOT', '53100'])
const noDescriptors = new Set(['EMFILE', 'ENFILE'])
const deepest = 6

/**
 * What an unexpected error means when it is no defect: the machine has run out of something, or the database is away.
 * Undefined for every other. Programs in between say it in words (git's stderr).
 */
export function outageOf(error: unknown): PlatformError | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < deepest; each = each.cause, depth++) {
    const { code } = each as { code?: unknown }
    const named = typeof code === 'string' ? code : ''
    if (diskFull.has(named) || /no space left on device|disk quota exceeded/i.test(each.message))
      return new PlatformError(
        'disk_full',
        'the disk is full',
        {
          fix: 'Free disk space: service data, old logs and builds use the most. The platform then continues by itself.',
        },
        { cause: error },
      )
    if (noDescriptors.has(named) || /too many open files/i.test(each.message))
      return new PlatformError(
        'unavailable',
        'the platform has no file descriptors left',
        {
          fix: 'Try again in a moment. If the error remains, raise the limit of open files (ulimit -n) and restart the platform.',
        },
        { cause: error },
      )
    if (databaseAway.has(named)) return databaseIsAway(error)
  }
  return undefined
}

export const databaseIsAway = (cause?: unknown): PlatformError =>
  new PlatformError(
    'unavailable',
    'the database does not respond',
    {
      fix: 'Services still respond. The embedded database restarts by itself: try again in a moment. If you set DATABASE_URL, check that database.',
    },
    { cause },
  )
