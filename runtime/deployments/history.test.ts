import { expect, test } from 'vitest'
import { liveHistory } from './history.ts'
import { newRow } from './record.ts'

type Step = [id: string, kind: 'deploy' | 'rollback' | 'restart' | 'scale', commit: string, restoresId?: string]

const history = (...steps: Step[]) =>
  liveHistory(
    steps.map(([id, kind, commit, restoresId]) =>
      newRow({
        id,
        kind,
        commit,
        restoresId: restoresId ?? null,
        teamId: 't',
        serviceId: 's',
        environmentId: 'e',
        route: 'cli',
        message: '',
        byId: '',
        byName: '',
      }),
    ),
  ).map((row) => row.commit)

test('each rollback goes one live revision further back', () => {
  const deployed: Step[] = [
    ['1', 'deploy', 'a'],
    ['2', 'deploy', 'b'],
    ['3', 'deploy', 'c'],
  ]
  expect(history(...deployed)).toEqual(['a', 'b', 'c'])
  expect(history(...deployed, ['4', 'rollback', 'b', '2'])).toEqual(['a', 'b'])
  expect(history(...deployed, ['4', 'rollback', 'b', '2'], ['5', 'rollback', 'a', '1'])).toEqual(['a'])
})

test('after a rollback a new deployment follows on what came back', () => {
  expect(
    history(['1', 'deploy', 'a'], ['2', 'deploy', 'b'], ['3', 'rollback', 'a', '1'], ['4', 'deploy', 'c']),
  ).toEqual(['a', 'c'])
})

test('a restart or a scaling is no step back to go', () => {
  expect(history(['1', 'deploy', 'a'], ['2', 'deploy', 'b'], ['3', 'restart', 'b'], ['4', 'scale', 'b'])).toEqual([
    'a',
    'b',
  ])
})
