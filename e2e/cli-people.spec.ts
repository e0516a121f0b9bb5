import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { onlyDocument, Shell } from './stack/command.ts'
import { reporter } from './stack/programs.ts'
import { admin } from './stack/stack.ts'
import { expect, test } from './browser/test.ts'

test('log in with a password on standard input, whoami, log out', async ({ stack }) => {
  await using shell = await Shell.open(stack)
  const before = await shell.m3o(['whoami'])
  expect(before).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^error: .+ \(unauthenticated\)\n.+\n$/s) })

  const said = await shell.json(['login', '--email', admin.email, '--password-stdin'], { input: `${admin.password}\n` })
  const who = { email: admin.email, team: 'demo', environment: 'production', url: stack.url }
  expect(said).toEqual(who)
  expect(await shell.json(['whoami'])).toEqual(who)
  const config = join(shell.folder, '.config/m3o/config.json')
  expect((await stat(config)).mode & 0o777).toBe(0o600)

  expect((await shell.m3o(['logout'])).code).toBe(0)
  expect((await shell.m3o(['whoami', '--json'])).code).toBe(1)
})

test('a wrong password is refused, with one JSON document', async ({ stack }) => {
  await using shell = await Shell.open(stack)
  const ran = await shell.m3o(['login', '--email', admin.email, '--password-stdin', '--json'], { input: 'not it at all\n' })
  expect(ran.code).toBe(1)
  expect(onlyDocument(ran)).toEqual({ error: expect.objectContaining({ code: 'unauthenticated', message: expect.any(String) }) })
  expect(ran.stderr).toMatch(/^error: .+ \(unauthenticated\)/)
})

test('misuse is 2, help is 0, and failing is 1', async ({ shell }) => {
  expect(await shell.m3o(['no-such-command'])).toMatchObject({ code: 2, stdout: '' })
  expect(await shell.m3o(['deploy', '--no-such-option'])).toMatchObject({ code: 2, stdout: '' })
  expect(await shell.m3o(['env', 'create'])).toMatchObject({ code: 2, stdout: '' })
  const misused = await shell.m3o(['scale', 'x', '--json'])
  expect(misused.code).toBe(2)
  expect(onlyDocument(misused)).toMatchObject({ error: { code: expect.any(String) } })
  expect(await shell.m3o(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('deploy') })
  for (const args of [['status', 'no-such-service'], ['call', 'no-such-service', 'Hello'], ['logs', 'no-such-service'], ['env', 'use', 'no-such-place'], ['rollback', 'no-such-service']]) {
    const ran = await shell.m3o([...args, '--json'])
    expect({ args, code: ran.code, stderr: ran.stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: .+ \(not_found\)\n/) })
    expect(onlyDocument(ran)).toMatchObject({ error: { code: 'not_found', message: expect.any(String) } })
  }
})

test('a platform that does not answer is one clear line', async ({ shell }) => {
  const ran = await shell.m3o(['services', '--url', 'http://127.0.0.1:1'])
  expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^error: nothing answers at http:\/\/127\.0\.0\.1:1 \(unavailable\)\n/) })
})

test('a token does what its scope says, is seen once, and ends when revoked', async ({ stack, shell }) => {
  await shell.deploy('scoped', reporter)
  await shell.deploy('unscoped', reporter)
  const made = await shell.json<{ token: string; id: string }>(['token', 'create', 'only-calls', '--scope', 'service.call,service.read', '--service', 'scoped', '--expires', '30d'])
  expect(made.token).toMatch(/^m3o_/)
  expect(JSON.stringify(await shell.json(['token', 'list']))).not.toContain(made.token)

  await using other = await Shell.open(stack)
  expect(await other.json(['login', '--token', made.token])).toEqual({ email: admin.email, team: 'demo', environment: 'production', url: stack.url })
  expect(await other.json(['call', 'scoped', '/x'])).toMatchObject({ environment: 'production' })
  const refused = [['restart', 'scoped'], ['var', 'set', 'scoped', 'A'], ['env', 'create', 'mine'], ['token', 'create', 'more']]
  for (const args of refused) expect(await other.m3o(args, { input: 'x' })).toMatchObject({ code: 1, stderr: expect.stringMatching(/\(forbidden\)/) })
  expect(await other.m3o(['call', 'unscoped', '/x'])).toMatchObject({ code: 1, stdout: '' })

  await shell.json(['token', 'revoke', 'only-calls'])
  await expect.poll(async () => (await other.m3o(['call', 'scoped', '/x'])).stderr).toMatch(/\(unauthenticated\)/)
})

test('shells complete commands and the names of services', async ({ shell }) => {
  for (const name of ['bash', 'zsh', 'fish']) expect(await shell.m3o(['completion', name])).toMatchObject({ code: 0, stdout: expect.stringContaining('m3o complete --') })
  expect((await shell.m3o(['complete', '--', 'rollb'])).stdout).toBe('rollback\n')
  expect((await shell.m3o(['complete', '--', 'status', 'guest'])).stdout).toBe('guestbook\n')
})
