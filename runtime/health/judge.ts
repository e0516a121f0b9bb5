import type { Check } from '#contract/checks.ts'

/** @param text of /proc/meminfo */
export function judgeMemory(text: string): Check {
  const kib = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
  const [available, total] = [kib('MemAvailable'), kib('MemTotal')]
  const share = total === 0 ? 1 : available / total
  const state = share < 0.03 ? 'bad' : share < 0.1 ? 'warn' : 'ok'
  return {
    name: 'memory',
    state,
    says: `${(available / 2 ** 20).toFixed(1)} of ${(total / 2 ** 20).toFixed(1)} GiB available`,
    fix:
      state === 'ok'
        ? null
        : 'Let rarely called services sleep (idle in m3o.json), lower the memory limits of large ones, or add memory.',
  }
}

export function judgeGateway(
  has: { version: number; epoch: string },
  wanted: { version: number; epoch: string },
): Check {
  // Changes that are on their way this moment are no fault.
  const behind = has.epoch === wanted.epoch ? wanted.version - has.version : Infinity
  return behind <= 50
    ? { name: 'gateway', state: 'ok', says: 'has the current routes', fix: null }
    : {
        name: 'gateway',
        state: 'bad',
        says: 'its routes are not current',
        fix: 'It gets the whole table within a second. If this does not change, restart the platform: send SIGHUP to its parent process.',
      }
}

const stuckMs = 30 * 60_000

export function judgeUnderWay({ count, oldest }: { count: number; oldest: number | null }, now: number): Check {
  const age = oldest === null ? 0 : now - oldest
  const says = count === 0 ? 'none in progress' : `${count} in progress`
  return age < stuckMs
    ? { name: 'deployments', state: 'ok', says, fix: null }
    : {
        name: 'deployments',
        state: 'warn',
        says: `${says}, the oldest for ${Math.floor(age / 60_000)} min`,
        fix: 'See it on the Deployments screen, where you can cancel it.',
      }
}
