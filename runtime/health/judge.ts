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
        : 'Let services that are seldom called sleep (idle in m3o.json), give those that take much less, or add memory.',
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
        says: 'calls go by routes that are not the current ones',
        fix: 'It gets the whole table by itself within a second. If it stays so, restart the platform: send its parent SIGHUP.',
      }
}

const stuckMs = 30 * 60_000

export function judgeUnderWay({ count, oldest }: { count: number; oldest: number | null }, now: number): Check {
  const age = oldest === null ? 0 : now - oldest
  const says = count === 0 ? 'none under way' : `${count} under way`
  return age < stuckMs
    ? { name: 'deployments', state: 'ok', says, fix: null }
    : {
        name: 'deployments',
        state: 'warn',
        says: `${says}, the oldest for ${Math.floor(age / 60_000)} min`,
        fix: 'Look at it on the screen Deployments; it can be cancelled there.',
      }
}
