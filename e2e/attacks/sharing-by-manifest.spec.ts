import { expect, test } from '../browser/test.ts'
import { answering } from '../stack/programs.ts'
import { personAt } from '../stack/person.ts'

const sharedWith = (...teams: string[]) => ({ ...answering('shared'), 'm3o.json': JSON.stringify({ audience: teams }) })

test('a developer does not share with a team of their own by naming fewer teams', async ({ shell, stack }) => {
  test.slow()
  await using developer = await personAt(stack, shell, { name: 'sharer', role: 'developer' })
  for (const team of ['partner-a', 'partner-b']) await shell.json(['team', 'create', team])
  await developer.shell.json(['team', 'create', 'sharers-own'])
  await shell.deploy('catalog', sharedWith('partner-a', 'partner-b'))
  const deploy = async (...teams: string[]) => {
    const folder = await developer.shell.write('catalog', sharedWith(...teams))
    return developer.shell.m3o(['--team', 'demo', 'deploy', folder, '--service', 'catalog', '--force'])
  }
  const refused = await deploy('sharers-own')
  expect(refused.code).not.toBe(0)
  expect(refused.stdout + refused.stderr).toContain('needs the role admin')
  expect((await deploy('partner-b')).code).toBe(0)
  for (const team of ['partner-a', 'partner-b']) await shell.json(['team', 'delete', team, '--yes'])
  await developer.shell.json(['team', 'delete', 'sharers-own', '--yes'])
})
