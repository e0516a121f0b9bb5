import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ada, bob, chunked, draftOf, temporarySource } from './fixture.ts'

/** What takes something back, or shows what it was. */

const files = [
  { path: 'index.ts', content: 'one\ntwo\nthree\n' },
  { path: 'src/a.ts', content: 'a\n' },
]

async function withService() {
  const at = await temporarySource()
  const { commit } = await at.source.repositories.create({ serviceId: 's_1', files, author: ada })
  return { ...at, commit }
}

/** Two people change the same lines, and one of them a file of their own; the first has committed. */
async function withConflict() {
  const at = await withService()
  const { drafts, trees } = at.source
  const [theirs, mine] = [draftOf('u_bob'), draftOf('u_ada')]
  const { hash } = await trees.read({ serviceId: 's_1', tree: at.commit, path: 'index.ts' })
  await drafts.saveFile({ ...theirs, path: 'index.ts', content: 'THEIRS\ntwo\nthree\n', expectedHash: hash })
  await drafts.saveFile({ ...theirs, path: 'theirs.ts', content: 'new', expectedHash: null })
  await drafts.remove({ ...theirs, path: 'src/a.ts' })
  await drafts.saveFile({ ...mine, path: 'index.ts', content: 'MINE\ntwo\nthree\n', expectedHash: hash })
  await drafts.saveFile({ ...mine, path: 'mine.ts', content: 'new', expectedHash: null })
  const { commit: head } = await drafts.commit({ ...theirs, message: 'Theirs', author: bob })
  const contents = async () => {
    const { tree } = await drafts.open(mine)
    const listed = await trees.list({ serviceId: 's_1', tree })
    return Object.fromEntries(
      await Promise.all(
        listed.map(async ({ path }) => [path, (await trees.read({ serviceId: 's_1', tree, path })).text] as const),
      ),
    )
  }
  return { ...at, mine, head, contents }
}

test('a draft is brought up to date: refused naming the file and whose change it is, and nothing is touched', async () => {
  await using at = await withConflict()
  await expect(at.source.drafts.update({ ...at.mine, onConflict: 'refuse' })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('Bob also changed index.ts'),
    data: { files: [{ path: 'index.ts', author: 'Bob', commit: at.head }] },
  })
  expect(await at.contents()).toEqual({ 'index.ts': 'MINE\ntwo\nthree\n', 'mine.ts': 'new', 'src/a.ts': 'a\n' })
  expect((await at.source.drafts.status(at.mine)).base).toBe(at.commit)
})

test.each([
  ['mine', 'MINE\ntwo\nthree\n'],
  ['theirs', 'THEIRS\ntwo\nthree\n'],
] as const)(
  'brought up to date taking %s: only what both changed is decided so, all else is merged',
  async (onConflict, text) => {
    await using at = await withConflict()
    expect(await at.source.drafts.update({ ...at.mine, onConflict })).toEqual({
      base: at.head,
      conflicts: ['index.ts'],
      step: expect.stringMatching(/^[0-9a-f]{18}$/) as unknown,
    })
    expect(await at.contents()).toEqual({ 'index.ts': text, 'mine.ts': 'new', 'theirs.ts': 'new' })
    const status = await at.source.drafts.status(at.mine)
    expect([status.base, status.behind]).toEqual([at.head, false])
    expect(await at.source.drafts.update({ ...at.mine, onConflict: 'refuse' })).toEqual({
      base: at.head,
      conflicts: [],
      step: '',
    })
    expect(await at.source.drafts.commit({ ...at.mine, message: 'Mine', author: ada })).toMatchObject({
      changed: true,
      merged: false,
    })
  },
)

test('what one deleted and the other changed is a conflict, and either side can be taken', async () => {
  await using at = await withService()
  const { drafts, trees } = at.source
  const { hash } = await trees.read({ serviceId: 's_1', tree: at.commit, path: 'src/a.ts' })
  for (const [user, onConflict, there] of [
    ['u_1', 'mine', true],
    ['u_2', 'theirs', false],
  ] as const)
    await drafts.saveFile({
      ...draftOf(user),
      path: 'src/a.ts',
      content: `of ${user} ${onConflict} ${there}`,
      expectedHash: hash,
    })
  await drafts.remove({ ...draftOf('u_bob'), path: 'src/a.ts' })
  await drafts.commit({ ...draftOf('u_bob'), message: 'Gone', author: bob })
  await drafts.update({ ...draftOf('u_1'), onConflict: 'mine' })
  await drafts.update({ ...draftOf('u_2'), onConflict: 'theirs' })
  const has = async (user: string) =>
    (await trees.list({ serviceId: 's_1', tree: (await drafts.open(draftOf(user))).tree })).some(
      ({ path }) => path === 'src/a.ts',
    )
  expect([await has('u_1'), await has('u_2')]).toEqual([true, false])
})

test('the lines of one file: what was, what is, where; of a new one, one that is gone, a renamed one and a binary one', async () => {
  await using at = await withService()
  const { drafts, history } = at.source
  const me = draftOf('u_ada')
  const { hash } = await at.source.trees.read({ serviceId: 's_1', tree: at.commit, path: 'index.ts' })
  await drafts.saveFile({
    ...me,
    path: 'index.ts',
    content: 'one\n2\nthree\n@@ -1 +1 @@\ndiff --git a b\nno newline',
    expectedHash: hash,
  })
  await drafts.move({ ...me, from: 'src/a.ts', to: 'lib/b.ts' })
  await drafts.saveFile({ ...me, path: 'new.ts', content: 'x\n', expectedHash: null })
  await drafts.upload({ ...me, path: 'data.bin', stream: chunked(Buffer.from([0, 1, 2])) })
  const { commit } = await drafts.commit({ ...me, message: 'All', author: ada })
  const lines = async (path: string, oldPath?: string) =>
    (
      await history.diffFile({ serviceId: 's_1', from: at.commit, to: commit, path, ...(oldPath && { oldPath }) })
    ).flatMap((hunk) => hunk.lines)
  expect(await lines('index.ts')).toEqual([
    ' one',
    '-two',
    '+2',
    ' three',
    '+@@ -1 +1 @@',
    '+diff --git a b',
    '+no newline',
    '\\ No newline at end of file',
  ])
  expect(await lines('new.ts')).toEqual(['+x'])
  expect(await lines('lib/b.ts', 'src/a.ts')).toEqual([])
  expect(await lines('data.bin')).toEqual([])
  expect(
    (await history.diffFile({ serviceId: 's_1', from: commit, to: at.commit, path: 'new.ts' })).flatMap(
      (hunk) => hunk.lines,
    ),
  ).toEqual(['-x'])
  expect(
    await history.diffFile({ serviceId: 's_1', from: at.commit, to: commit, path: 'index.ts', context: 0 }),
  ).toMatchObject([
    { oldStart: 2, oldLines: 1, newStart: 2, newLines: 1 },
    { oldStart: 3, oldLines: 0, newStart: 4, newLines: 3 },
  ])
  expect(
    (await history.log({ serviceId: 's_1', from: commit, path: 'new.ts' })).commits.map(({ message }) => message),
  ).toEqual(['All'])
})

test('a deleted repository is back whole, the newest of the same id, until the trash is emptied', async () => {
  await using at = await withService()
  const { repositories, branches, drafts } = at.source
  await drafts.saveFile({ ...draftOf('u_ada'), path: 'draft.ts', content: 'kept too', expectedHash: null })
  await expect(repositories.restore('s_1')).rejects.toMatchObject({ code: 'not_in_this_state' })
  await repositories.delete('s_1')
  expect(await repositories.exists('s_1')).toBe(false)
  await expect(branches.head({ serviceId: 's_1', branches: ['main'] })).rejects.toMatchObject({ code: 'not_found' })
  // Another one of the same id came and went meanwhile.
  await repositories.create({ serviceId: 's_1', files: [{ path: 'other.ts', content: 'other' }], author: bob })
  await repositories.delete('s_1')
  await repositories.restore('s_1')
  expect((await branches.head({ serviceId: 's_1', branches: ['main'] })).commit).not.toBe(at.commit)
  await repositories.delete('s_1')
  await repositories.emptyTrash(new Date(0))
  expect(await readdir(join(at.home, 'source/.trash'))).toHaveLength(2)
  await repositories.emptyTrash(new Date(Date.now() + 1))
  expect(await readdir(join(at.home, 'source/.trash'))).toEqual([])
  await expect(repositories.restore('s_1')).rejects.toMatchObject({ code: 'not_found' })
})

test('what kills left half made goes with the trash, what is being made stays', async () => {
  await using at = await withService()
  const [old, young] = ['.new-old', '.upload-young'].map((name) => join(at.home, 'source', name)) as [string, string]
  for (const folder of [old, young]) await mkdir(folder)
  await utimes(old, 1, 1)
  await at.source.repositories.emptyTrash(new Date(Date.now() - 60_000))
  expect([existsSync(old), existsSync(young)]).toEqual([false, true])
  expect((await at.source.branches.head({ serviceId: 's_1', branches: ['main'] })).commit).toBe(at.commit)
})

test('names of every kind that a file may have are kept as they are, through drafts, commits, search and export', async () => {
  await using at = await withService()
  const { drafts, trees } = at.source
  const me = draftOf('u_ada')
  const names = [
    '-rf',
    '--help',
    ' leading',
    'a b',
    'ünï',
    'u\u0308',
    '日本/語.ts',
    '🚀.ts',
    '#%?&+=.ts',
    'it\'s "quoted"',
    '$(x);`y`',
    '~',
    '*',
    '[a]',
    ':(glob)x',
    'HEAD',
    '...a',
    'con',
    'a'.repeat(250),
    `${'d/'.repeat(200)}deep`,
  ]
  for (const path of names)
    await drafts.saveFile({ ...me, path, content: `needle in ${path.length}\n`, expectedHash: null })
  const { commit } = await drafts.commit({ ...me, message: 'Odd', author: ada })
  expect((await trees.list({ serviceId: 's_1', tree: commit })).map(({ path }) => path)).toEqual(
    expect.arrayContaining(names),
  )
  const found: string[] = []
  for await (const event of at.source.search({ serviceId: 's_1', tree: commit, query: 'needle' }))
    if (event.type === 'match') found.push(event.path)
  expect(found.toSorted()).toEqual(names.toSorted())
  await trees.export({ serviceId: 's_1', commit, into: join(at.home, 'out') })
  for (const path of names) expect(existsSync(join(at.home, 'out', path)), path).toBe(true)
  for (const path of names) await drafts.move({ ...me, from: path, to: `moved/${path}` })
  for (const path of names) await drafts.remove({ ...me, path: `moved/${path}` })
  expect((await trees.list({ serviceId: 's_1', tree: (await drafts.open(me)).tree })).map(({ path }) => path)).toEqual([
    'index.ts',
    'src/a.ts',
  ])
  for (const path of [
    'a/../b',
    '/a',
    'a//b',
    'a\\b',
    'a\0b',
    'a\nb',
    '.',
    'a/',
    '.git/config',
    'x/.GIT',
    'dot.',
    'space ',
    '\ud800',
  ])
    await expect(drafts.saveFile({ ...me, path, content: '', expectedHash: null }), path).rejects.toMatchObject({
      code: 'invalid_path',
    })
}, 60_000)

test('a hundred megabytes come in and go out without being held in memory; one byte more is refused and leaves nothing', async () => {
  await using at = await withService()
  const me = draftOf('u_ada')
  const block = randomBytes(1 << 20)
  async function* megabytes(count: number, more = 0) {
    for (let n = 0; n < count; n++) yield block
    if (more > 0) yield block.subarray(0, more)
  }
  const before = process.memoryUsage().rss
  const { size } = await at.source.drafts.upload({ ...me, path: 'large.bin', stream: megabytes(100) })
  expect(size).toBe(100 << 20)
  await expect(at.source.drafts.upload({ ...me, path: 'larger.bin', stream: megabytes(100, 1) })).rejects.toMatchObject(
    { code: 'too_large', message: expect.stringContaining('larger.bin is larger than 100 MB') },
  )
  const { tree } = await at.source.drafts.open(me)
  let seen = 0
  for await (const chunk of (await at.source.trees.stream({ serviceId: 's_1', tree, path: 'large.bin' })).stream)
    seen += (chunk as Buffer).length
  expect(seen).toBe(100 << 20)
  expect((await at.source.trees.list({ serviceId: 's_1', tree })).map(({ path }) => path)).toEqual([
    'index.ts',
    'large.bin',
    'src/a.ts',
  ])
  expect((process.memoryUsage().rss - before) / (1 << 20)).toBeLessThan(80)
}, 60_000)
