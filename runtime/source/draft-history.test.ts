import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ada, bob, draftOf, temporarySource } from './fixture.ts'

const files = [
  { path: 'index.ts', content: 'one\n' },
  { path: 'src/a.ts', content: 'a\n' },
  { path: 'src/b.ts', content: 'b\n' },
]
const me = draftOf('u_ada')

async function withService() {
  const at = await temporarySource()
  const { commit } = await at.source.repositories.create({ serviceId: 's_1', files, author: ada })
  const { drafts, trees } = at.source
  const textOf = async (name: string) =>
    (await trees.read({ serviceId: 's_1', tree: (await drafts.open(me)).tree, path: name })).text
  const hashOf = async (name: string) =>
    (await trees.read({ serviceId: 's_1', tree: (await drafts.open(me)).tree, path: name })).hash
  return {
    ...at,
    commit,
    textOf,
    hashOf,
    git: (...args: string[]) =>
      execFileSync('git', ['--git-dir', `${at.home}/source/s_1.git`, ...args], { encoding: 'utf8', stdio: 'pipe' }),
    names: async () =>
      (await trees.list({ serviceId: 's_1', tree: (await drafts.open(me)).tree })).map((file) => file.path),
    write: async (name: string, content: string) =>
      drafts.saveFile({ ...me, path: name, content, expectedHash: await hashOf(name).catch(() => null) }),
  }
}

test('each kind of change is a step that can be undone, and so can the undo', async () => {
  await using at = await withService()
  const { drafts } = at.source
  await at.write('index.ts', 'typed\n')
  const removed = await drafts.remove({ ...me, path: 'src' })
  expect(await at.names()).toEqual(['index.ts'])
  const undone = await drafts.restore({ ...me, step: removed.step, paths: ['src'] })
  expect(await at.names()).toEqual(['index.ts', 'src/a.ts', 'src/b.ts'])
  await drafts.restore({ ...me, step: undone.step, paths: ['src'] })
  expect(await at.names()).toEqual(['index.ts'])
  await drafts.restore({ ...me, step: removed.step, paths: null })

  const moved = await drafts.move({ ...me, from: 'src/a.ts', to: 'lib/a.ts' })
  await at.write('index.ts', 'typed on\n')
  await drafts.restore({ ...me, step: moved.step, paths: ['src/a.ts', 'lib/a.ts'] })
  expect(await at.names()).toEqual(['index.ts', 'src/a.ts', 'src/b.ts'])
  expect(await at.textOf('index.ts'), 'what was typed since stays').toBe('typed on\n')

  const discarded = await drafts.revert(me)
  expect(await at.textOf('index.ts')).toBe('one\n')
  await drafts.restore({ ...me, step: discarded.step, paths: null })
  expect(await at.textOf('index.ts')).toBe('typed on\n')
  expect((await drafts.history(me)).map(({ kind, path: name }) => [kind, name])).toEqual([
    ['restore', null],
    ['revert', null],
    ['restore', null],
    ['save', 'index.ts'],
    ['move', 'lib/a.ts'],
    ['restore', null],
    ['restore', 'src'],
    ['restore', 'src'],
    ['remove', 'src'],
    ['save', 'index.ts'],
  ])
  await at.write('src/b.ts', 'b2\n')
  expect(at.git('fsck', '--strict', '--full', '--no-dangling')).toBe('')
})

test('what is typed in one file is one step, and the files of a marked step belong to it', async () => {
  await using at = await withService()
  const { drafts } = at.source
  for (const text of ['1', '2', '3']) await at.write('index.ts', text)
  const { step } = await drafts.mark({ ...me, kind: 'replace' })
  await at.write('src/a.ts', 'replaced')
  await at.write('src/b.ts', 'replaced')
  expect((await drafts.history(me)).map(({ kind }) => kind)).toEqual(['replace', 'save'])
  await drafts.restore({ ...me, step, paths: ['src/a.ts', 'src/b.ts'] })
  expect([await at.textOf('index.ts'), await at.textOf('src/a.ts'), await at.textOf('src/b.ts')]).toEqual([
    '3',
    'a\n',
    'b\n',
  ])
})

test('git keeps what a step needs, however thoroughly it cleans up, and only until the step is too old', async () => {
  await using at = await withService()
  const { drafts } = at.source
  await at.write('index.ts', 'only ever in a draft\n')
  const { step } = await drafts.remove({ ...me, path: 'index.ts' })
  at.git(
    '-c',
    'gc.reflogExpire=2.days.ago',
    '-c',
    'gc.reflogExpireUnreachable=2.days.ago',
    'gc',
    '--prune=now',
    '--quiet',
  )
  await drafts.restore({ ...me, step, paths: ['index.ts'] })
  expect(await at.textOf('index.ts')).toBe('only ever in a draft\n')
  const log = path.join(at.home, 'source/s_1.git/logs/refs/m3o/drafts/u_ada/production')
  fs.writeFileSync(
    log,
    fs.readFileSync(log, 'utf8').replace(/> \d+ /g, `> ${Math.floor(Date.now() / 1000) - 25 * 3600} `),
  )
  expect(await drafts.history(me)).toEqual([])
  await expect(drafts.restore({ ...me, step, paths: null })).rejects.toMatchObject({ code: 'not_found' })
})

test('a step of one person is not another’s to restore', async () => {
  await using at = await withService()
  const { drafts } = at.source
  await at.write('index.ts', 'mine\n')
  const [step] = await drafts.history(me)
  await expect(drafts.restore({ ...draftOf('u_bob'), step: step?.id ?? '', paths: null })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('a draft can become what an earlier commit is, on the head of now', async () => {
  await using at = await withService()
  const { drafts } = at.source
  await at.write('index.ts', 'worse\n')
  const { commit } = await drafts.commit({ ...me, message: 'Worse', author: bob })
  const { step } = await drafts.take({ ...me, commit: at.commit })
  expect(await drafts.status(me)).toMatchObject({
    base: commit,
    head: commit,
    behind: false,
    files: [{ path: 'index.ts', status: 'modified' }],
  })
  expect(await at.textOf('index.ts')).toBe('one\n')
  await drafts.restore({ ...me, step, paths: null })
  expect(await drafts.status(me)).toMatchObject({ files: [] })
})
