import type { Service } from '#contract/records.ts'
import type { ServiceState } from '#contract/states.ts'
import { StateMark, type StateMarkProps } from '#components/ui/state-mark.tsx'

const marks: Record<ServiceState, Omit<StateMarkProps, 'compact'>> = {
  live: { tone: 'ok', shape: 'full', word: 'live' },
  deploying: { tone: 'busy', shape: 'turning', word: 'deploying' },
  asleep: { tone: 'idle', shape: 'moon', word: 'asleep' },
  crashing: { tone: 'bad', shape: 'triangle', word: 'crashing' },
  failed: { tone: 'bad', shape: 'cross', word: 'failed' },
  stopped: { tone: 'idle', shape: 'square', word: 'stopped' },
}

const neverDeployed = { tone: 'idle', shape: 'ring', word: 'not deployed' } as const

export const serviceStateWord = (state: ServiceState) => marks[state].word

/** `service` as it is listed: one that is stopped and has no revision was never deployed there. */
export function ServiceStateMark({
  service,
  compact = false,
}: {
  service: Pick<Service, 'state' | 'revision'>
  compact?: boolean
}) {
  const never = service.state === 'stopped' && service.revision === null
  return <StateMark {...(never ? neverDeployed : marks[service.state])} compact={compact} />
}
