import { expect, test } from '../browser/test.ts'
import { Shell } from '../stack/command.ts'
import { reporter } from '../stack/programs.ts'

const pretended = 'ceo@corp.example'

test('nobody appears to a service as an address that they have not proved to be theirs', async ({ stack, shell }) => {
  await shell.deploy('reporter', reporter)
  const { link } = await shell.json<{ link: string }>(['invite', 'create', pretended, '--role', 'developer'])
  await using theirs = await Shell.open(stack)
  await theirs.json(['invite', 'accept', link, '--name', 'The boss', '--password-stdin'], {
    input: 'a pretender to it\n',
  })
  await theirs.json(['login', '--email', pretended, '--password-stdin'], { input: 'a pretender to it\n' })

  // Through the console's way, and with a token straight at the gateway.
  const { caller } = await theirs.json<{ caller: string }>(['call', 'reporter', '/'])
  expect(caller).toMatch(/^id="[a-z]_[0-9a-z]+", team="demo"$/)
  const { token } = await theirs.json<{ token: string }>(['token', 'create', 'mine'])
  const answer = await fetch(`${stack.gatewayUrl}/v1/reporter/`, { headers: { authorization: `Bearer ${token}` } })
  expect(await answer.json()).toMatchObject({ caller })
  expect(await shell.json(['call', 'reporter', '/'])).toMatchObject({
    caller: expect.stringMatching(/^person="ada@example\.com", team="demo"$/),
  })
  expect(await shell.json(['member', 'list'])).toContainEqual(
    expect.objectContaining({ email: pretended, confirmed: false }),
  )

  // Nor as a machine that is called so.
  expect(await shell.m3o(['token', 'create', pretended, '--machine', 'developer', '--json'])).toMatchObject({ code: 1 })
  const machine = await shell.json<{ token: string }>(['token', 'create', 'robot', '--machine', 'developer'])
  const asMachine = await fetch(`${stack.gatewayUrl}/v1/reporter/`, {
    headers: { authorization: `Bearer ${machine.token}` },
  })
  expect(await asMachine.json()).toMatchObject({
    caller: expect.stringMatching(/^machine="robot", id="[a-z]+_[0-9a-z]+", team="demo"$/),
  })

  await shell.json(['token', 'revoke', 'robot'])
  await shell.json(['member', 'remove', pretended])
})
