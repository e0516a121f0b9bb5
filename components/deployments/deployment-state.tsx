import type { DeploymentState } from '#contract/states.ts'
import { StateMark, type StateMarkProps } from '#components/ui/state-mark.tsx'

const marks: Record<DeploymentState, Omit<StateMarkProps, 'compact'>> = {
  queued: { tone: 'idle', shape: 'ring', word: 'queued' },
  building: { tone: 'busy', shape: 'turning', word: 'building' },
  starting: { tone: 'busy', shape: 'turning', word: 'starting' },
  checking: { tone: 'busy', shape: 'turning', word: 'checking' },
  switching: { tone: 'busy', shape: 'turning', word: 'switching' },
  live: { tone: 'ok', shape: 'full', word: 'live' },
  failed: { tone: 'bad', shape: 'cross', word: 'failed' },
  cancelled: { tone: 'idle', shape: 'dash', word: 'cancelled' },
  superseded: { tone: 'idle', shape: 'half', word: 'superseded' },
  reverted: { tone: 'warn', shape: 'back', word: 'reverted' },
}

/** `past`: a live one whose place another has taken since is shown quietly. */
export function DeploymentStateMark({
  state,
  past = false,
  compact = false,
}: {
  state: DeploymentState
  past?: boolean
  compact?: boolean
}) {
  const mark = marks[state]
  return <StateMark {...mark} compact={compact} {...(past && state === 'live' && { tone: 'idle', word: 'was live' })} />
}
