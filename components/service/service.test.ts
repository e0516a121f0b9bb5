import { expect, test } from 'vitest'
import { copyIn } from './copy-in.ts'
import { docPaths } from './readme-ref.ts'
import { summaryOf } from './traffic.ts'

test('an environment is served by its own copy, or by the nearest parent’s', () => {
  const environments = [{ name: 'production', parent: null }, { name: 'staging', parent: 'production' }, { name: 'alice', parent: 'staging' }]
  const copies = [{ environment: 'production' }, { environment: 'alice' }]
  expect(environments.map(({ name }) => copyIn(name, environments, copies)?.environment)).toEqual(['production', 'production', 'alice'])
  expect(copyIn('alice', environments, [])).toBeUndefined()
})

test('a chain that leads back to itself ends', () => {
  expect(copyIn('a', [{ name: 'a', parent: 'b' }, { name: 'b', parent: 'a' }], [])).toBeUndefined()
})

test('documents are the README and what is under docs, whatever else is there', () => {
  const tree = ['docs/b.md', 'index.ts', 'docs/a/c.markdown', 'docs/x.txt', 'README.md', 'notes.md'].map((path) => ({ path, kind: 'file' }))
  expect(docPaths([...tree, { path: 'docs/link.md', kind: 'symlink' }])).toEqual(['README.md', 'docs/a/c.markdown', 'docs/b.md'])
})

test('the hour is summed up, minutes weighing by their requests', () => {
  const minute = (requests: number, errors: number, p50: number | null, p99: number | null) => ({ at: 0, requests, errors, p50, p99 })
  expect(summaryOf({ points: [minute(0, 0, null, null), minute(99, 0, 5, 20), minute(1, 1, 500, 1_000)] }))
    .toEqual({ requests: 100, errors: 1, errorShare: '1.0 %', p50: '5 ms', p99: '1.00 s' })
  expect(summaryOf({ points: [] })).toMatchObject({ requests: 0, errorShare: '0 %', p50: '–', p99: '–' })
})
