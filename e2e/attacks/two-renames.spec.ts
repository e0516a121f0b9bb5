import { expect, test } from '../browser/test.ts'
import { answering } from '../stack/programs.ts'
import { personAt } from '../stack/person.ts'

test('two renames do not put a developer’s service in the place of one in protected production', async ({
  shell,
  stack,
}) => {
  test.slow()
  await using developer = await personAt(stack, shell, { name: 'renamer', role: 'developer' })
  await shell.deploy('pay', answering('the real one'))
  await shell.deploy('notes', answering('not the real one'))
  await shell.json(['env', 'protect', 'production', '--deploy', 'admin'])
  try {
    const theirs = (...args: string[]) => developer.shell.m3o(['--team', 'demo', ...args])
    for (const args of [
      ['service', 'rename', 'pay', 'pay-old'],
      ['service', 'rename', 'notes', 'pay'],
    ]) {
      const refused = await theirs(...args)
      expect([args, refused.code]).not.toEqual([args, 0])
      expect(refused.stderr).toContain('production is protected')
    }
    expect((await shell.m3o(['call', 'pay', '/'])).stdout).toContain('the real one')
  } finally {
    await shell.json(['env', 'protect', 'production', '--off'])
  }
})
