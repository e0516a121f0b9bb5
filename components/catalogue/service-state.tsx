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

export const serviceStateWord = (state: ServiceState) => marks[state].word

export function ServiceStateMark({ state, compact }: { state: ServiceState; compact?: boolean }) {
  return <StateMark {...marks[state]} compact={compact ?? false} />
}
