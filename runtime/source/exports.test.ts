import { lstatSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ada, draftOf, temporarySource } from './fixture.ts'

test('what is as in the export beside it is the same file, and nothing else is', async () => {
  await using at = await temporarySource()
  const { drafts, trees, repositories } = at.source
  const { commit } = await repositories.create({
    serviceId: 's_1',
    author: ada,
    files: [
      { path: 'same.js', content: 'one' },
      { path: 'src/same.js', content: 'two' },
      { path: 'changes.js', content: 'three' },
    ],
  })
  const me = draftOf('u_ada')
  const { hash } = await trees.read({ serviceId: 's_1', tree: commit, path: 'changes.js' })
  await drafts.saveFile({ ...me, path: 'changes.js', content: 'four', expectedHash: hash })
  // The content of one in the place of another is another file.
  await drafts.saveFile({ ...me, path: 'new.js', content: 'one', expectedHash: null })
  const { commit: next } = await drafts.commit({ ...me, message: 'Change it', author: ada })

  const [first, second, third] = ['first', 'second', 'third'].map((name) => join(at.home, name)) as [
    string,
    string,
    string,
  ]
  const { treeHash: tree } = await trees.export({ serviceId: 's_1', commit, into: first })
  await trees.export({ serviceId: 's_1', commit: next, into: second, like: { folder: first, tree } })
  const isShared = (path: string) =>
    lstatSync(join(second, path)).ino === lstatSync(join(first, path), { throwIfNoEntry: false })?.ino
  expect(
    Object.fromEntries(
      ['same.js', 'src/same.js', 'changes.js', 'new.js'].map((path) => [
        path,
        [isShared(path), readFileSync(join(second, path), 'utf8')],
      ]),
    ),
  ).toEqual({
    'same.js': [true, 'one'],
    'src/same.js': [true, 'two'],
    'changes.js': [false, 'four'],
    'new.js': [false, 'one'],
  })
  // A build may have been swept meanwhile.
  rmSync(first, { recursive: true })
  await trees.export({ serviceId: 's_1', commit: next, into: third, like: { folder: first, tree } })
  expect(readFileSync(join(third, 'same.js'), 'utf8')).toBe('one')
  // And its history pushed away.
  await trees.export({
    serviceId: 's_1',
    commit: next,
    into: join(at.home, 'fourth'),
    like: { folder: second, tree: '1'.repeat(40) },
  })
  expect(readFileSync(join(at.home, 'fourth/same.js'), 'utf8')).toBe('one')
})
