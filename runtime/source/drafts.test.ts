import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ada, bob, chunked, draftOf, temporarySource } from './fixture.ts'
import { mergeTrees } from './merge-trees.ts'
import { ObjectBatch } from './object-batch.ts'
import { emptyTree } from './objects.ts'
import { compareTrees, editTree } from './tree-edit.ts'

const files = [
  { path: 'index.ts', content: 'one\ntwo\nthree\n' },
  { path: 'src/a.ts', content: 'a\n' },
  { path: 'src/b.ts', content: 'b\n' },
]

async function withService() {
  const at = await temporarySource()
  const { commit } = await at.source.repositories.create({ serviceId: 's_1', files, author: ada })
  return {
    ...at,
    commit,
    fsck: () =>
      execFileSync('git', ['--git-dir', `${at.home}/source/s_1.git`, 'fsck', '--strict', '--full', '--no-dangling'], {
        encoding: 'utf8',
        stdio: 'pipe',
      }),
  }
}

test('a file is saved, found changed, reverted and committed, and the draft moves along', async () => {
  await using at = await withService()
  const { drafts, trees, branches } = at.source
  const me = draftOf('u_ada')
  const before = await trees.read({ serviceId: 's_1', tree: (await drafts.open(me)).tree, path: 'index.ts' })
  expect(before).toMatchObject({ content: 'text', text: 'one\ntwo\nthree\n', size: 14 })
  const saved = await drafts.saveFile({ ...me, path: 'index.ts', content: 'ONE\n', expectedHash: before.hash })
  await drafts.saveFile({ ...me, path: 'new/deep/file.ts', content: 'x', expectedHash: null })
  await drafts.move({ ...me, from: 'src/a.ts', to: 'lib/a.ts' })
  await drafts.remove({ ...me, path: 'src/b.ts' })
  expect((await drafts.status(me)).files.map(({ path, status, from }) => [path, status, from])).toEqual([
    ['index.ts', 'modified', undefined],
    ['lib/a.ts', 'renamed', 'src/a.ts'],
    ['new/deep/file.ts', 'added', undefined],
    ['src/b.ts', 'deleted', undefined],
  ])
  await drafts.revert({ ...me, path: 'src/b.ts' })
  const landed = await drafts.commit({ ...me, message: 'Change it', author: ada })
  expect(landed).toMatchObject({ changed: true, merged: false, previous: at.commit, branch: 'main' })
  expect(await drafts.status(me)).toMatchObject({ files: [], base: landed.commit, head: landed.commit, behind: false })
  expect((await branches.head({ serviceId: 's_1', branches: ['main'] })).commit).toBe(landed.commit)
  expect(await drafts.commit({ ...me, message: 'Again', author: ada })).toMatchObject({
    changed: false,
    commit: landed.commit,
  })
  expect((await trees.list({ serviceId: 's_1', tree: landed.commit })).map((file) => file.path)).toEqual([
    'index.ts',
    'lib/a.ts',
    'new/deep/file.ts',
    'src/b.ts',
  ])
  expect((await drafts.saveFile({ ...me, path: 'index.ts', content: 'TWO\n', expectedHash: saved.hash })).size).toBe(4)
  at.fsck()
})

test('a stale write is refused with what is there now and who put it there', async () => {
  await using at = await withService()
  const { drafts, trees } = at.source
  const me = draftOf('u_ada')
  const { hash } = await trees.read({ serviceId: 's_1', tree: at.commit, path: 'index.ts' })
  const first = await drafts.saveFile({ ...me, path: 'index.ts', content: 'first tab', expectedHash: hash })
  await expect(
    drafts.saveFile({ ...me, path: 'index.ts', content: 'second tab', expectedHash: hash }),
  ).rejects.toMatchObject({
    code: 'conflict',
    data: { hash: first.hash, userId: 'u_ada', time: first.savedAt },
  })
  await expect(drafts.saveFile({ ...me, path: 'index.ts', content: 'x', expectedHash: null })).rejects.toMatchObject({
    code: 'conflict',
  })
  const other = draftOf('u_bob')
  await drafts.saveFile({
    ...other,
    path: 'src/a.ts',
    content: 'of bob',
    expectedHash: (await trees.read({ serviceId: 's_1', tree: at.commit, path: 'src/a.ts' })).hash,
  })
  expect(
    (await drafts.touching({ serviceId: 's_1', path: 'src/a.ts', userId: 'u_ada' })).map((draft) => draft.userId),
  ).toEqual(['u_bob'])
  const { commit } = await drafts.commit({ ...other, message: 'Bob was here', author: bob })
  const third = draftOf('u_eve')
  await expect(
    drafts.saveFile({ ...third, path: 'src/a.ts', content: 'late', expectedHash: hash }),
  ).rejects.toMatchObject({ code: 'conflict', data: { author: 'Bob', commit } })
})

test('what is saved with a commit is in it, on top of what was saved before, and stays in the draft when it cannot land', async () => {
  await using at = await withService()
  const { drafts, trees } = at.source
  const [me, other] = [draftOf('u_ada'), draftOf('u_bob')]
  const { hash } = await trees.read({ serviceId: 's_1', tree: at.commit, path: 'index.ts' })
  const paths = async (commit: string) => (await trees.list({ serviceId: 's_1', tree: commit })).map(({ path }) => path)

  const seen: [commit: string, message: string][] = []
  const first = await drafts.commit({
    ...me,
    save: { path: 'new.ts', content: 'x', expectedHash: null },
    message: (files) => files.map(({ path }) => path).join(),
    author: ada,
    onCommit: (commit, message) => void seen.push([commit, message]),
  })
  expect(first).toMatchObject({ changed: true, previous: at.commit, message: 'new.ts' })
  expect(seen).toEqual([[first.commit, 'new.ts']])
  expect(await drafts.status(me)).toMatchObject({ files: [], head: first.commit, behind: false })

  const saved = await drafts.saveFile({ ...me, path: 'index.ts', content: 'saved before', expectedHash: hash })
  const second = await drafts.commit({
    ...me,
    save: { path: 'newer.ts', content: 'y', expectedHash: null },
    message: 'Both',
    author: ada,
  })
  expect(await paths(second.commit)).toEqual(['index.ts', 'new.ts', 'newer.ts', 'src/a.ts', 'src/b.ts'])
  expect(await trees.read({ serviceId: 's_1', tree: second.commit, path: 'index.ts' })).toMatchObject({
    text: 'saved before',
  })

  await expect(
    drafts.commit({
      ...me,
      save: { path: 'index.ts', content: 'stale', expectedHash: hash },
      message: 'Stale',
      author: ada,
    }),
  ).rejects.toMatchObject({ code: 'conflict', field: 'path', data: { hash: saved.hash } })
  expect(await drafts.status(me)).toMatchObject({ files: [], head: second.commit })

  await drafts.saveFile({
    ...me,
    path: 'src/a.ts',
    content: 'of ada',
    expectedHash: (await trees.read({ serviceId: 's_1', tree: at.commit, path: 'src/a.ts' })).hash,
  })
  await drafts.saveFile({
    ...other,
    path: 'src/a.ts',
    content: 'of bob',
    expectedHash: (await trees.read({ serviceId: 's_1', tree: at.commit, path: 'src/a.ts' })).hash,
  })
  await drafts.commit({ ...other, message: 'Of Bob', author: bob })
  await expect(
    drafts.commit({
      ...me,
      save: { path: 'last.ts', content: 'z', expectedHash: null },
      message: 'In the way',
      author: ada,
    }),
  ).rejects.toMatchObject({ code: 'conflict', data: { files: [expect.objectContaining({ path: 'src/a.ts' })] } })
  expect((await drafts.status(me)).files.map(({ path }) => path)).toEqual(['last.ts', 'src/a.ts'])
  expect(
    (await drafts.saveFile({ ...me, path: 'index.ts', content: 'saved before', expectedHash: saved.hash })).hash,
  ).toBe(saved.hash)
  at.fsck()
})

test('two people meet: different lines merge, the same line is refused naming whose, and force says whom it wrote over', async () => {
  await using at = await withService()
  const { drafts, trees } = at.source
  const [one, two, three] = [draftOf('u_ada'), draftOf('u_bob'), draftOf('u_eve')]
  const { hash } = await trees.read({ serviceId: 's_1', tree: at.commit, path: 'index.ts' })
  const text = (n: number, by: string) =>
    ['one', 'two', 'three'].map((line, at) => (at === n ? by : line)).join('\n') + '\n'
  await drafts.saveFile({ ...one, path: 'index.ts', content: text(0, 'ada'), expectedHash: hash })
  await drafts.saveFile({ ...two, path: 'index.ts', content: text(2, 'bob'), expectedHash: hash })
  await drafts.saveFile({ ...three, path: 'index.ts', content: text(0, 'eve'), expectedHash: hash })
  await drafts.saveFile({ ...three, path: 'eve.ts', content: 'mine', expectedHash: null })
  const first = await drafts.commit({ ...one, message: 'Of Ada', author: ada })
  expect(await drafts.status(two)).toMatchObject({
    behind: true,
    alsoChanged: [{ path: 'index.ts', author: 'Ada', commit: first.commit }],
  })
  const second = await drafts.commit({ ...two, message: 'Of Bob', author: bob })
  expect(second.merged).toBe(true)
  expect((await trees.read({ serviceId: 's_1', tree: second.commit, path: 'index.ts' })).text).toBe('ada\ntwo\nbob\n')
  await expect(drafts.commit({ ...three, message: 'Of Eve', author: bob })).rejects.toMatchObject({
    code: 'conflict',
    data: { files: [expect.objectContaining({ path: 'index.ts', author: 'Bob', commit: second.commit })] },
  })
  await expect(drafts.update({ ...three, onConflict: 'refuse' })).rejects.toMatchObject({ code: 'conflict' })
  const third = await drafts.commit({ ...three, message: 'Of Eve', author: bob, force: true })
  expect(third.overwrote.map((change) => change.author)).toEqual(['Bob'])
  expect((await trees.read({ serviceId: 's_1', tree: third.commit, path: 'index.ts' })).text).toBe(text(0, 'eve'))
  expect((await drafts.status(three)).files).toEqual([])
  at.fsck()
})

test('conflicts come into a draft as markers, and the draft can be deployed once they are gone', async () => {
  await using at = await withService()
  const { drafts, trees } = at.source
  const [one, two] = [draftOf('u_ada'), draftOf('u_bob')]
  const { hash } = await trees.read({ serviceId: 's_1', tree: at.commit, path: 'index.ts' })
  await drafts.saveFile({ ...one, path: 'index.ts', content: 'ada\n', expectedHash: hash })
  await drafts.saveFile({ ...two, path: 'index.ts', content: 'bob\n', expectedHash: hash })
  await drafts.commit({ ...one, message: 'Of Ada', author: ada })
  expect(await drafts.update({ ...two, onConflict: 'markers' })).toMatchObject({ conflicts: ['index.ts'] })
  const marked = await trees.read({ serviceId: 's_1', tree: (await drafts.open(two)).tree, path: 'index.ts' })
  expect(marked.text).toMatch(/<<<<<<<[^]*bob[^]*=======[^]*ada[^]*>>>>>>>/)
  await drafts.saveFile({ ...two, path: 'index.ts', content: 'both\n', expectedHash: marked.hash })
  expect(await drafts.commit({ ...two, message: 'Both', author: bob })).toMatchObject({ changed: true, merged: false })
})

test('an environment gets its branch from its parent with its first commit, and contains what it began from', async () => {
  await using at = await withService()
  const { drafts, branches, history, merges } = at.source
  const me = draftOf('u_ada', 'alice')
  await drafts.saveFile({ ...me, path: 'alice.ts', content: 'hi', expectedHash: null })
  const landed = await drafts.commit({ ...me, message: 'In alice', author: ada })
  expect(await branches.list({ serviceId: 's_1' })).toEqual([
    { branch: 'alice', commit: landed.commit },
    { branch: 'main', commit: at.commit },
  ])
  const main = draftOf('u_bob')
  await drafts.saveFile({ ...main, path: 'main.ts', content: 'yo', expectedHash: null })
  const onMain = await drafts.commit({ ...main, message: 'In main', author: bob })
  expect(await history.contains({ serviceId: 's_1', commit: landed.commit, ancestor: onMain.commit })).toBe(false)
  const joined = await merges.into({
    serviceId: 's_1',
    branches: ['alice', 'main'],
    other: onMain.commit,
    author: ada,
    message: 'Bring main',
  })
  expect(await history.contains({ serviceId: 's_1', commit: joined.commit, ancestor: onMain.commit })).toBe(true)
  await branches.advance({ serviceId: 's_1', branch: 'main', to: joined.commit, expected: onMain.commit })
  await expect(
    branches.advance({ serviceId: 's_1', branch: 'main', to: landed.commit, expected: onMain.commit }),
  ).rejects.toMatchObject({ code: 'conflict' })
  const log = await history.log({ serviceId: 's_1', from: joined.commit, limit: 2 })
  expect([log.commits.length, log.next, log.commits[0]?.message]).toEqual([2, 2, 'Bring main'])
  expect(await history.diff({ serviceId: 's_1', from: at.commit, to: joined.commit })).toMatchObject([
    { path: 'alice.ts', status: 'added', added: 1 },
    { path: 'main.ts', status: 'added' },
  ])
})

test('folders move whole, and nothing lands on or below what is there', async () => {
  await using at = await withService()
  const { drafts, trees } = at.source
  const me = draftOf('u_ada')
  expect(await drafts.move({ ...me, from: 'src', to: 'lib/src' })).toMatchObject({ moved: 2 })
  await expect(drafts.move({ ...me, from: 'lib', to: 'lib/inner' })).rejects.toMatchObject({ code: 'invalid_path' })
  await expect(drafts.move({ ...me, from: 'index.ts', to: 'lib/src/a.ts' })).rejects.toMatchObject({
    code: 'name_taken',
  })
  await expect(drafts.saveFile({ ...me, path: 'lib', content: '', expectedHash: null })).rejects.toMatchObject({
    code: expect.stringMatching(/name_taken|conflict/),
  })
  await expect(drafts.saveFile({ ...me, path: 'index.ts/x', content: '', expectedHash: null })).rejects.toMatchObject({
    code: 'name_taken',
  })
  await expect(
    drafts.saveFile({ ...me, path: 'a/.GIT/config', content: '', expectedHash: null }),
  ).rejects.toMatchObject({ code: 'invalid_path' })
  await expect(drafts.remove({ ...me, path: 'nothing' })).rejects.toMatchObject({ code: 'not_found' })
  await drafts.revert({ ...me })
  expect((await trees.list({ serviceId: 's_1', tree: (await drafts.open(me)).tree })).map((file) => file.path)).toEqual(
    ['index.ts', 'src/a.ts', 'src/b.ts'],
  )
})

test('uploads are streamed, binary is told from text, large from small, and too much is refused', async () => {
  await using at = await withService()
  const { drafts, trees } = at.source
  const me = draftOf('u_ada')
  const binary = Buffer.alloc(3 << 20, 7)
  binary[0] = 0
  const up = await drafts.upload({ ...me, path: 'data.bin', stream: chunked(binary, 60_000) })
  await drafts.upload({ ...me, path: 'small.bin', stream: chunked(Buffer.from([0, 1, 2, 255])) })
  const { tree } = await drafts.open(me)
  expect(await trees.read({ serviceId: 's_1', tree, path: 'data.bin' })).toMatchObject({
    content: 'large',
    size: binary.length,
    hash: up.hash,
  })
  expect(await trees.read({ serviceId: 's_1', tree, path: 'small.bin' })).toMatchObject({ content: 'binary', size: 4 })
  const parts: Buffer[] = []
  for await (const chunk of (await trees.stream({ serviceId: 's_1', tree, path: 'data.bin' })).stream)
    parts.push(chunk as Buffer)
  expect(Buffer.concat(parts).equals(binary)).toBe(true)
  async function* endless() {
    for (;;) yield Buffer.alloc(1 << 20)
  }
  await expect(drafts.upload({ ...me, path: 'huge', stream: endless() })).rejects.toMatchObject({ code: 'too_large' })
  at.fsck()
})

test('saves at once from many windows leave one winner for each text', async () => {
  await using at = await withService()
  const me = draftOf('u_ada')
  const { hash } = await at.source.trees.read({ serviceId: 's_1', tree: at.commit, path: 'index.ts' })
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, n) =>
      at.source.drafts.saveFile({ ...me, path: 'index.ts', content: `window ${n}`, expectedHash: hash }),
    ),
  )
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
})

test('a thousand saves stay fast, and maintenance beside them loses nothing', async () => {
  await using at = await withService()
  const me = draftOf('u_ada')
  let { hash } = await at.source.trees.read({ serviceId: 's_1', tree: at.commit, path: 'src/a.ts' })
  const times: number[] = []
  const keeping: Promise<void>[] = []
  for (let n = 0; n < 1000; n++) {
    const start = performance.now()
    hash = (
      await at.source.drafts.saveFile({
        ...me,
        path: 'src/a.ts',
        content: `const n = ${n}\n`.repeat(50),
        expectedHash: hash,
      })
    ).hash
    times.push(performance.now() - start)
    if (n % 400 === 399) keeping.push(at.source.repositories.maintain('s_1'))
  }
  await Promise.all(keeping)
  await at.source.repositories.maintain('s_1')
  times.sort((a, b) => a - b)
  console.info(`1,000 saves: p50 ${times[500]?.toFixed(1)} ms, p99 ${times[990]?.toFixed(1)} ms`)
  const { tree } = await at.source.drafts.open(me)
  expect((await at.source.trees.read({ serviceId: 's_1', tree, path: 'src/a.ts' })).text).toContain('n = 999\n')
  at.fsck()
}, 120_000)

test('merging agrees with a slow model, file by file', async () => {
  await using at = await withService()
  const repository = { serviceId: 's_1', dir: `${at.home}/source/s_1.git` }
  const names = ['a', 'b', 'd/a', 'd/b', 'd/e/f']
  // Contents of one line that share nothing, so that git sees neither a rename nor lines to merge.
  const content = fc.constantFrom(undefined, 'red', 'green', 'blue')
  const side = fc.record(Object.fromEntries(names.map((name) => [name, content])))
  const treeOf = async (files: Record<string, string | undefined>, salt: Record<string, string>) => {
    const batch = new ObjectBatch(repository)
    const edits = new Map(
      Object.entries(files).flatMap(([name, text]) =>
        text === undefined
          ? []
          : [[name, { mode: '100644' as const, oid: batch.add('blob', Buffer.from(`${salt[name]}${text}`)) }] as const],
      ),
    )
    const tree = await editTree(repository, emptyTree, edits, batch)
    await batch.flush()
    return tree
  }
  const salt = Object.fromEntries(names.map((name) => [name, `${name.repeat(40)}-`]))
  await fc.assert(
    fc.asyncProperty(side, side, side, async (base, ours, theirs) => {
      const trees = {
        base: await treeOf(base, salt),
        ours: await treeOf(ours, salt),
        theirs: await treeOf(theirs, salt),
      }
      const merged = await mergeTrees(repository, trees)
      const conflicts = names.filter(
        (name) => ours[name] !== theirs[name] && ours[name] !== base[name] && theirs[name] !== base[name],
      )
      expect(merged.conflicts.toSorted()).toEqual(conflicts.toSorted())
      if (conflicts.length > 0) return
      const model = Object.fromEntries(
        names.map((name) => [name, ours[name] === base[name] ? theirs[name] : ours[name]]),
      )
      expect(await compareTrees(repository, merged.tree, await treeOf(model, salt))).toEqual([])
    }),
    { numRuns: 40 },
  )
}, 120_000)
