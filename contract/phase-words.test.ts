import { expect, test } from 'vitest'
import { spokenParts } from './phase-words.ts'

test('what a phase was spent on, without what is too little to tell of', () => {
  const building = { name: 'building' as const, startedAt: 0, ms: 2_000 }
  const spoken = (phase: Parameters<typeof spokenParts>[0]) => spokenParts(phase, (ms) => `${ms} ms`)
  expect(spoken(building)).toBe('')
  expect(
    spoken({
      ...building,
      parts: [
        { name: 'source', ms: 4 },
        { name: 'dependencies', ms: 1_800 },
        { name: 'code', ms: 150 },
      ],
    }),
  ).toBe('dependencies 1800 ms, code 150 ms')
})
