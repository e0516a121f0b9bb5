import { execFileSync, spawn } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ada, draftOf, temporarySource } from './fixture.ts'

const saver = `
import { openSource } from ${JSON.stringify(path.join(import.meta.dirname, 'source.ts'))}
const [home] = process.argv.slice(1)
const { drafts } = openSource({ home })
const me = ${JSON.stringify(draftOf('u_ada'))}
await drafts.revert(me)
for (let n = 0; ; n++) {
  await drafts.saveFile({ ...me, path: 'typed/' + n + '.ts', content: 'save ' + n, expectedHash: null }).catch(() => {})
  console.log(n)
  if (n % 10 === 9) {
    await drafts.commit({ ...me, message: 'n ' + n, author: ${JSON.stringify(ada)} })
    await drafts.remove({ ...me, path: 'typed' })
  }
}
`

test('a platform killed while it saves and commits leaves a sound repository and a draft that goes on', async () => {
  await using at = await temporarySource()
  await at.source.repositories.create({
    serviceId: 's_1',
    files: [{ path: 'index.ts', content: 'one\n' }],
    author: ada,
  })
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', saver, at.home], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    let lines = 0
    child.stdout.on('data', (text: Buffer) => {
      lines += text.toString().split('\n').length - 1
      if (lines > 4 + round * 5) child.kill('SIGKILL')
    })
    await ended
    expect(lines).toBeGreaterThan(4)
    execFileSync('git', ['--git-dir', `${at.home}/source/s_1.git`, 'fsck', '--strict', '--no-dangling'], {
      stdio: 'pipe',
    })
    const draft = await at.source.drafts.open(draftOf('u_ada'))
    expect((await at.source.trees.list({ serviceId: 's_1', tree: draft.tree })).map((file) => file.path)).toContain(
      'index.ts',
    )
  }
  const { savedAt } = await at.source.drafts.saveFile({
    ...draftOf('u_ada'),
    path: 'after.ts',
    content: 'on',
    expectedHash: null,
  })
  expect(savedAt).not.toBeNull()
}, 120_000)
