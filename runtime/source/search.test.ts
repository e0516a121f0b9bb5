import { expect, test } from 'vitest'
import { ada, temporarySource } from './fixture.ts'
import type { SearchEvent, SearchInput } from './search.ts'

async function withFiles() {
  const at = await temporarySource()
  const { commit } = await at.source.repositories.create({
    serviceId: 's_1',
    author: ada,
    files: [
      { path: 'src/a.ts', content: 'const Größe = 1\nlet x = größe + a.b\n' },
      { path: 'b\u00e9.md', content: '# Größe\r\n' },
      { path: 'bin', content: Buffer.from('Größe\0') },
      { path: 'long.js', content: `${'y'.repeat(300_000)}needle${'z'.repeat(300_000)}\n` },
      { path: 'redos.txt', content: `${'a'.repeat(40)}!\n`.repeat(20_000) },
    ],
  })
  const search = async (input: Omit<SearchInput, 'tree'>) => {
    const events: SearchEvent[] = []
    for await (const event of at.source.search({ serviceId: 's_1', tree: commit, ...input })) events.push(event)
    return events
  }
  return { ...at, search }
}

test('text is found with its line and column, binary is left out, and globs choose the files', async () => {
  await using at = await withFiles()
  expect(await at.search({ query: 'größe' })).toEqual([
    { type: 'match', path: 'b\u00e9.md', line: 1, column: 3, preview: '# Größe', previewColumn: 3, length: 5 },
    { type: 'match', path: 'src/a.ts', line: 1, column: 7, preview: 'const Größe = 1', previewColumn: 7, length: 5 },
    {
      type: 'match',
      path: 'src/a.ts',
      line: 2,
      column: 9,
      preview: 'let x = größe + a.b',
      previewColumn: 9,
      length: 5,
    },
    { type: 'end', matches: 3 },
  ])
  expect(await at.search({ query: 'größe', caseSensitive: true, include: ['*.ts'] })).toMatchObject([
    { line: 2 },
    { matches: 1 },
  ])
  expect(await at.search({ query: 'größe', exclude: ['src/**'] })).toMatchObject([
    { path: 'b\u00e9.md' },
    { matches: 1 },
  ])
  expect(await at.search({ query: 'a.b' })).toHaveLength(2)
  expect(await at.search({ query: String.raw`\blet\s+\w+`, regex: true })).toMatchObject([{ line: 2, column: 1 }, {}])
  expect(await at.search({ query: '--help' })).toEqual([{ type: 'end', matches: 0 }])
})

test("long lines are cut, results are limited, and a bad expression is the asker's error", async () => {
  await using at = await withFiles()
  const [match] = await at.search({ query: 'needle', limit: 1 })
  if (match?.type === 'match') expect(match.preview.length).toBeLessThanOrEqual(240)
  expect((await at.search({ query: 'a', limit: 5 })).at(-1)).toEqual({ type: 'end', matches: 5, stopped: 'limit' })
  await expect(at.search({ query: '(', regex: true })).rejects.toMatchObject({ code: 'bad_request' })
  await expect(at.search({ query: 'a\nb' })).rejects.toMatchObject({ code: 'bad_request' })
})

test('an expression that would never end is stopped', async () => {
  await using at = await withFiles()
  const start = performance.now()
  const outcome = await at
    .search({ query: '^(a|a)*$', regex: true, timeoutMs: 300, include: ['redos.txt'] })
    .catch((error: unknown) => error)
  expect(performance.now() - start).toBeLessThan(5000)
  expect(outcome).toBeDefined()
})

test("the length of a match is git's own, whatever the line holds besides", async () => {
  await using at = await temporarySource()
  const { commit } = await at.source.repositories.create({
    serviceId: 's_1',
    author: ada,
    files: [
      { path: 'a.txt', content: 'let abc = abcd, \x1b[31mabc\x1b[m\n' },
      { path: 'long.txt', content: `${'a'.repeat(5_000)}b\n` },
    ],
  })
  const search = async (query: string) =>
    Array.fromAsync(at.source.search({ serviceId: 's_1', tree: commit, query, regex: true, include: ['a.txt'] }))
  expect(await search('abc+')).toMatchObject([{ column: 5, length: 3, preview: 'let abc = abcd, abc' }, {}])
  expect(await search('(?<=let )abc')).toMatchObject([{ column: 5, length: 3 }, {}])
  expect(await search('^|x')).toMatchObject([{ column: 1, length: 1, preview: 'let abc = abcd, abc' }, {}])
  expect(
    await Array.fromAsync(
      at.source.search({ serviceId: 's_1', tree: commit, query: 'a+b', regex: true, include: ['long.txt'] }),
    ),
  ).toMatchObject([{ length: 5_001 }, {}])
})

test('it ends with the person who asked', async () => {
  await using at = await withFiles()
  const left = new AbortController()
  const outcome = at
    .search({ query: '^(a|a)*$', regex: true, timeoutMs: 60_000, include: ['redos.txt'], signal: left.signal })
    .catch((error: unknown) => error)
  left.abort(new Error('they left'))
  expect(await outcome).toMatchObject({ message: 'they left' })
})
