import { expect, test } from 'vitest'
import { deploymentStates, isUnderWay, mayFollow, phases } from './states.ts'

test('every state that is under way can be ended as failed, and nothing follows an end but a revert', () => {
  for (const state of deploymentStates) {
    const next = deploymentStates.filter((to) => mayFollow(state, to))
    if (isUnderWay(state)) expect(next).toContain('failed')
    else expect(next).toEqual(state === 'live' ? ['reverted'] : [])
  }
})

test('the phases follow one another to live', () => {
  for (const [index, phase] of phases.entries()) expect(mayFollow(phase, phases[index + 1] ?? 'live')).toBe(true)
})
