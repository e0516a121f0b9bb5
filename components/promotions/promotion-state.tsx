import type { Promotion } from '#contract/promotions.ts'
import { StateMark, type StateMarkProps } from '#components/ui/state-mark.tsx'

const marks: Record<Promotion['state'], Omit<StateMarkProps, 'compact'>> = {
  preparing: { tone: 'busy', shape: 'turning', word: 'preparing' },
  switching: { tone: 'busy', shape: 'turning', word: 'switching' },
  live: { tone: 'ok', shape: 'full', word: 'live' },
  failed: { tone: 'bad', shape: 'cross', word: 'failed' },
  cancelled: { tone: 'idle', shape: 'dash', word: 'cancelled' },
  reverted: { tone: 'warn', shape: 'back', word: 'reverted' },
}

export function PromotionStateMark({ promotion }: { promotion: Promotion }) {
  return (
    <StateMark
      {...marks[promotion.state]}
      {...(promotion.state === 'live' &&
        promotion.undoneBy !== null && { tone: 'idle', shape: 'back', word: 'undone' })}
    />
  )
}

/** "alice → production", or what it took back. */
export const titleOf = (promotion: Promotion): string =>
  promotion.undoes === null
    ? `${promotion.from ?? 'a deleted environment'} → ${promotion.into}`
    : `Undo in ${promotion.into}`
