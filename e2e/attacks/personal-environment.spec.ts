import { expect, test } from '../browser/test.ts'
import { answering } from '../stack/programs.ts'
import { personAt } from '../stack/person.ts'

test('a personal environment is its owner’s and theirs whom they let in', async ({ shell, stack }) => {
  test.slow()
  await using ada = await personAt(stack, shell, { name: 'ada-personal', role: 'developer' })
  await using bob = await personAt(stack, shell, { name: 'bob-personal', role: 'developer' })
  const of = (person: typeof ada, ...args: string[]) => person.shell.m3o(['--team', 'demo', '--env', 'adas', ...args])
  await Promise.all([
    shell.deploy('ours', answering('of production')),
    ada.shell.json(['--team', 'demo', 'env', 'create', 'adas']),
  ])
  const files = await ada.shell.write('ours', answering('of ada'))
  expect((await of(ada, 'deploy', files, '--service', 'ours')).code).toBe(0)
  const theirs = await bob.shell.write('ours', answering('of bob'))
  const deeds = [
    ['deploy', theirs, '--service', 'ours', '--force'],
    ['kill', 'ours'],
    ['var', 'list', 'ours'],
    ['exec', 'ours', '--', 'true'],
    ['env', 'delete', 'adas', '--yes'],
    ['env', 'let-in', 'adas', bob.email],
  ]
  const refused = await Promise.all(deeds.map(async (deed) => [deed, await of(bob, ...deed)] as const))
  for (const [deed, { code, stderr }] of refused)
    expect([deed, code !== 0, /adas is personal/.test(stderr)]).toEqual([deed, true, true])
  expect((await of(bob, 'call', 'ours', '/')).stdout).toContain('of ada')
  await ada.shell.json(['--team', 'demo', 'env', 'let-in', 'adas', bob.email])
  expect((await of(bob, 'deploy', theirs, '--service', 'ours', '--force')).code).toBe(0)
  await shell.json(['env', 'delete', 'adas'])
})
