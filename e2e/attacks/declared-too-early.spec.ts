import { expect, test } from '../browser/test.ts'
import { answering, crashesAtBoot } from '../stack/programs.ts'

const anyone = (files: Record<string, string>) => ({ ...files, 'm3o.json': '{"audience": "anyone"}' })

test('a revision that never becomes live does not open the one that is', async ({ shell, stack }) => {
  test.slow()
  await shell.deploy('private', answering('for the team'))
  const called = async () => (await fetch(`${stack.gatewayUrl}/v1/@demo/private/`)).status
  expect(await called()).toBe(401)
  const folder = await shell.write('crashing', anyone(crashesAtBoot))
  expect((await shell.m3o(['deploy', folder, '--service', 'private'])).code).not.toBe(0)
  expect(await called()).toBe(401)
  // One that becomes live opens it, and closes it when it goes.
  await shell.deploy('private', anyone(answering('for anyone')), '--force')
  expect(await called()).toBe(200)
  await shell.json(['rollback', 'private'])
  expect(await called()).toBe(401)
})
