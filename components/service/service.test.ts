import { expect, test } from 'vitest'
import { copyIn } from './copy-in.ts'
import { docPaths } from './readme-ref.ts'
import { summaryOf } from './traffic.ts'

test('an environment is served by its own copy, or by the nearest parent’s', () => {
  const environments = [
    { name: 'production', parent: null },
    { name: 'staging', parent: 'production' },
    { name: 'alice', parent: 'staging' },
  ]
  const copies = [{ environment: 'production' }, { environment: 'alice' }]
  expect(environments.map(({ name }) => copyIn(name, environments, copies)?.environment)).toEqual([
    'production',
    'production',
    'alice',
  ])
  expect(copyIn('alice', environments, [])).toBeUndefined()
})

test('a chain that leads back to itself ends', () => {
  expect(
    copyIn(
      'a',
      [
        { name: 'a', parent: 'b' },
        { name: 'b', parent: 'a' },
      ],
      [],
    ),
  ).toBeUndefined()
})

test('documents are the README and what is under docs, whatever else is there', () => {
  const tree = ['docs/b.md', 'index.ts', 'docs/a/c.markdown', 'docs/x.txt', 'README.md', 'notes.md'].map((path) => ({
    path,
    kind: 'file',
  }))
  expect(docPaths([...tree, { path: 'docs/link.md', kind: 'symlink' }])).toEqual([
    'README.md',
    'docs/a/c.markdown',
    'docs/b.md',
  ])
})

test('the hour is told in the words of the metrics, and of few requests only about', () => {
  const hour = (requests: number, errors: number, p50: number | null, p99: number | null) =>
    summaryOf({
      curves: [
        {
          name: '',
          requests: [],
          errors: [],
          limited: [],
          busyMs: [],
          p50: [],
          p95: [],
          p99: [],
          total: { requests, errors, limited: 0, p50, p95: null, p99 },
        },
      ],
    })
  expect(hour(100, 1, 5.04, 9_750)).toEqual({ requests: 100, errors: 1, errorShare: '1 %', p50: '5 ms', p99: '9.8 s' })
  expect(hour(4, 0, 5.04, 9_750)).toMatchObject({ p50: 'about 5 ms', p99: 'about 9.8 s' })
  expect(hour(1, 0, 7.2, 7.2)).toMatchObject({ p50: '7.2 ms', p99: '7.2 ms' })
  expect(summaryOf({ curves: [] })).toMatchObject({ requests: 0, errorShare: '0 %', p50: '–', p99: '–' })
})
