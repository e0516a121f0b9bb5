import { expect, test } from '../browser/test.ts'
import { answering } from '../stack/programs.ts'
import { personAt } from '../stack/person.ts'

test('a revision that is deployed after the review does not reach the protected environment by the approval', async ({
  shell,
  stack,
}) => {
  test.slow()
  await using second = await personAt(stack, shell, { name: 'reviewer', role: 'admin' })
  await shell.json(['env', 'create', 'guarded', '--kind', 'shared'])
  await shell.deploy('swapped', answering('before'), '--env', 'guarded')
  await shell.json(['env', 'create', 'swapper', '--from', 'guarded'])
  await shell.deploy('swapped', answering('reviewed'), '--env', 'swapper')
  await shell.json(['env', 'protect', 'guarded', '--deploy', 'developer', '--approval'])
  await shell.json(['env', 'promote', 'swapper', '--yes'])
  const [request] = await shell.json<{ request: string; services: string[]; seen: string }[]>(['env', 'requests'])
  if (request === undefined) throw new Error('there is no request')
  await shell.deploy('swapped', answering('swapped in'), '--env', 'swapper')

  expect(await second.shell.json(['env', 'requests'])).toMatchObject([
    { request: request.request, changes: [{ service: 'swapped' }] },
    ...[],
  ])
  const refused = await second.shell.m3o(['env', 'approve', request.request, '--yes'])
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('swapped')
  expect(refused.stderr).toMatch(/has revision \w{7} by .*it had \w{7}/)
  expect((await shell.m3o(['--env', 'guarded', 'call', 'swapped', '/'])).stdout).toContain('before')

  // What is asked for again, as it is now, is approved.
  await shell.json(['env', 'decline', request.request])
  await shell.json(['env', 'promote', 'swapper', '--yes'])
  const [again] = await shell.json<{ request: string }[]>(['env', 'requests'])
  await second.shell.json(['env', 'approve', again?.request ?? '', '--yes'])
  expect((await shell.m3o(['--env', 'guarded', 'call', 'swapped', '/'])).stdout).toContain('swapped in')
  await shell.json(['env', 'delete', 'swapper'])
  await shell.json(['env', 'delete', 'guarded'])
})
