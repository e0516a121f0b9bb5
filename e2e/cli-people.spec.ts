import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { onlyDocument, Shell } from './stack/command.ts'
import { reporter } from './stack/programs.ts'
import { admin } from './stack/stack.ts'
import { expect, test } from './browser/test.ts'

test('log in with a password on standard input, whoami, log out', async ({ stack }) => {
  await using shell = await Shell.open(stack)
  const before = await shell.m3o(['whoami'])
  expect(before).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: .+ \(unauthenticated\)\n.+\n$/s),
  })

  const said = await shell.json(['login', '--email', admin.email, '--password-stdin'], { input: `${admin.password}\n` })
  const who = { email: admin.email, team: 'demo', environment: 'production', url: stack.url }
  expect(said).toEqual(who)
  expect(await shell.json(['whoami'])).toEqual(who)
  const config = join(shell.folder, '.config/m3o/config.json')
  expect((await stat(config)).mode & 0o777).toBe(0o600)

  expect((await shell.m3o(['logout'])).code).toBe(0)
  expect((await shell.m3o(['whoami', '--json'])).code).toBe(1)
})

test("one's own platform needs no password, wherever its data folder is", async ({ stack }) => {
  await using shell = await Shell.open(stack)
  await shell.write('.', { 'state/m3o/homes': `${stack.home}\n` })
  const who = await shell.json(['login', '--url', stack.url], { env: { XDG_STATE_HOME: join(shell.folder, 'state') } })
  expect(who).toMatchObject({ email: admin.email, url: stack.url })
})

test('settings that cannot be kept are one clear error', async ({ stack }) => {
  await using shell = await Shell.open(stack)
  await shell.write('.', { file: '' })
  for (const folder of ['/proc/nothing', join(shell.folder, 'file')]) {
    const ran = await shell.m3o(['login', '--email', admin.email, '--password-stdin', '--json'], {
      input: admin.password,
      env: { XDG_CONFIG_HOME: folder },
    })
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: .*m3o cannot be written: .+ \(bad_request\)\n.*XDG_CONFIG_HOME/),
    })
    onlyDocument(ran)
  }
})

test('a wrong password is refused, with one JSON document', async ({ stack }) => {
  await using shell = await Shell.open(stack)
  const ran = await shell.m3o(['login', '--email', admin.email, '--password-stdin', '--json'], {
    input: 'not it at all\n',
  })
  expect(ran.code).toBe(1)
  expect(onlyDocument(ran)).toEqual({
    error: expect.objectContaining({ code: 'unauthenticated', message: expect.any(String) }),
  })
  expect(ran.stderr).toMatch(/^error: .+ \(unauthenticated\)/)
})

test('misuse is 2, help is 0, and failing is 1', async ({ shell }) => {
  expect(await shell.m3o(['no-such-command'])).toMatchObject({ code: 2, stdout: '' })
  expect(await shell.m3o(['deploy', '--no-such-option'])).toMatchObject({ code: 2, stdout: '' })
  expect(await shell.m3o(['env', 'create'])).toMatchObject({ code: 2, stdout: '' })
  for (const args of [
    [],
    ['env'],
    ['no-such-command'],
    ['deploy', '--no-such-option'],
    ['scale', 'x'],
    ['scale', 'x', '--min', 'one', '--max', '2'],
    ['status', 'a', 'b'],
    ['services', '--team'],
    ['services', '--team', '--json'],
    ['logs', '--level', 'loud'],
    ['logs', '-n', 'many'],
    ['logs', '--since', 'then'],
    ['share', 'x'],
    ['share', 'x', '--platform', '--anyone'],
    ['member', 'role', 'a@b.co', 'king'],
    ['invite', 'create', 'a@b.co', '--role', 'king'],
    ['env', 'create', 'x', '--kind', 'odd'],
    ['token', 'create', 'x', '--expires', 'yesterday'],
    ['token', 'create', 'x', '--expires', '2020-01-01'],
    ['login'],
    ['audit', '-n', 'x'],
  ]) {
    const ran = await shell.m3o([...args, '--json'])
    expect({ args, ...ran }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: [^\n]+ \(bad_request\)\n[^\n]+\n$/),
    })
    expect(onlyDocument(ran), args.join(' ')).toEqual({
      error: { code: 'bad_request', message: expect.any(String), fix: expect.any(String) },
    })
    expect(await shell.m3o(args.filter((word) => word !== '--json'))).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/\(bad_request\)/),
    })
  }
  expect(await shell.m3o(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('deploy') })
  for (const args of [
    ['status', 'no-such-service'],
    ['call', 'no-such-service', 'Hello'],
    ['logs', 'no-such-service'],
    ['env', 'use', 'no-such-place'],
    ['rollback', 'no-such-service'],
  ]) {
    const ran = await shell.m3o([...args, '--json'])
    expect({ args, code: ran.code, stderr: ran.stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: .+ \(not_found\)\n/),
    })
    expect(onlyDocument(ran)).toMatchObject({ error: { code: 'not_found', message: expect.any(String) } })
  }
})

test('a platform that does not respond is one clear line', async ({ shell }) => {
  const ran = await shell.m3o(['services', '--url', 'http://127.0.0.1:1'])
  expect(ran).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: no response from http:\/\/127\.0\.0\.1:1 \(unavailable\)\n/),
  })
})

test('a token does what its scope says, is seen once, and ends when revoked', async ({ stack, shell }) => {
  await shell.deploy('scoped', reporter)
  await shell.deploy('unscoped', reporter)
  const made = await shell.json<{ token: string; id: string }>([
    'token',
    'create',
    'only-calls',
    '--scope',
    'service.call,service.read',
    '--service',
    'scoped',
    '--expires',
    '30d',
  ])
  expect(made.token).toMatch(/^m3o_/)
  expect(JSON.stringify(await shell.json(['token', 'list']))).not.toContain(made.token)

  const date = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)
  expect(await shell.json(['token', 'create', 'ends-then', '--expires', date])).toMatchObject({
    expires: `${date}T00:00:00.000Z`,
  })
  expect(await shell.json(['token', 'list'])).toContainEqual(
    expect.objectContaining({ name: 'ends-then', expires: `${date}T00:00:00.000Z`, lastUsed: null }),
  )
  await shell.json(['token', 'revoke', 'ends-then'])

  await using other = await Shell.open(stack)
  expect(await other.json(['login', '--token', made.token])).toEqual({
    email: admin.email,
    team: 'demo',
    environment: 'production',
    url: stack.url,
  })
  expect(await other.json(['call', 'scoped', '/x'])).toMatchObject({ environment: 'production' })
  const refused = [
    ['restart', 'scoped'],
    ['var', 'set', 'scoped', 'A'],
    ['env', 'create', 'mine'],
    ['token', 'create', 'more'],
  ]
  for (const args of refused)
    expect(await other.m3o(args, { input: 'x' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/\(forbidden\)/),
    })
  expect(await other.m3o(['call', 'unscoped', '/x'])).toMatchObject({ code: 1, stdout: '' })

  await shell.json(['token', 'revoke', 'only-calls'])
  await expect.poll(async () => (await other.m3o(['call', 'scoped', '/x'])).stderr).toMatch(/\(unauthenticated\)/)
})

test('shells complete commands and the names of services', async ({ shell }) => {
  for (const name of ['bash', 'zsh', 'fish'])
    expect(await shell.m3o(['completion', name])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('m3o complete --'),
    })
  expect((await shell.m3o(['complete', '--', 'rollb'])).stdout).toBe('rollback\n')
  expect((await shell.m3o(['complete', '--', 'status', 'guest'])).stdout).toBe('guestbook\n')

  // Bash takes the colon of an address for the end of a word.
  const { stdout: script } = await shell.m3o(['completion', 'bash'])
  const typed =
    "m3o() { printf '%s\\n' 127.0.0.1:4000/alice; }; COMP_LINE='m3o env use 127.0.0.1:4000/a' COMP_POINT=30; _m3o; echo \"${COMPREPLY[*]}\""
  expect((await shell.run('bash', ['-c', `${script}\n${typed}`])).stdout).toBe('4000/alice\n')
})

test("a service goes to another team with its settings, data and history, and is that team's alone", async ({
  stack,
  shell,
}) => {
  await shell.json(['team', 'create', 'receivers'])
  await shell.deploy('moves', {
    'index.js': `const { readFileSync, writeFileSync } = require('node:fs')
const file = process.env.M3O_DATA + '/kept'
require('node:http').createServer((request, response) => {
  if (request.url === '/keep') writeFileSync(file, 'kept')
  let kept = null
  try { kept = readFileSync(file, 'utf8') } catch {}
  response.end(JSON.stringify({ kept, team: process.env.M3O_TEAM, word: process.env.WORD }))
}).listen(process.env.PORT, process.env.HOST)
`,
  })
  await shell.json(['secret', 'set', 'moves', 'WORD'], { input: 'hush' })
  const before = await shell.json<{ revision: string }>(['restart', 'moves'])
  await shell.json(['call', 'moves', '/keep'])
  await shell.json(['env', 'create', 'holds-a-copy'])
  await shell.json(['deploy', `${shell.folder}/of-moves`, '--service', 'moves', '--env', 'holds-a-copy'])
  expect(await shell.m3o(['service', 'transfer', 'moves', 'receivers'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/holds-a-copy \(not_in_this_state\)\n.*env reset moves/),
  })
  await shell.json(['env', 'delete', 'holds-a-copy', '--yes'])

  expect(await shell.m3o(['service', 'transfer', 'moves', 'no-such-team'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/\(not_found\)/),
  })
  expect(await shell.json(['service', 'transfer', 'moves', 'receivers'])).toMatchObject({
    service: 'moves',
    team: 'receivers',
    formerly: 'demo',
    outcome: 'live',
  })
  const there = ['--team', 'receivers']
  expect(await shell.status('moves', ...there)).toMatchObject({
    team: 'receivers',
    service: 'moves',
    state: 'live',
    revision: before.revision,
    owner: admin.email,
    environment: 'production',
    url: expect.stringContaining('moves--receivers.'),
  })
  expect(await shell.json(['call', 'moves', '/', ...there])).toEqual({ kept: 'kept', team: 'receivers', word: 'hush' })
  expect((await shell.m3o(['logs', 'moves', '-n', '1000', ...there])).stdout).toContain('live')
  expect(await shell.m3o(['status', 'moves'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/\(not_found\)/),
  })
  for (const team of ['demo', 'receivers'])
    expect(await shell.json(['audit', '--team', team])).toContainEqual(
      expect.objectContaining({ action: 'service.transfer', before: { team: 'demo' }, after: { team: 'receivers' } }),
    )

  // It is still there after the runtime was killed, and comes back by the same way.
  await stack.kill('runtime')
  await expect.poll(async () => (await shell.m3o(['call', 'moves', '/', ...there])).stdout).toContain('"kept":"kept"')
  await shell.json(['service', 'transfer', 'moves', 'demo', ...there])
  expect(await shell.json(['call', 'moves', '/'])).toMatchObject({ kept: 'kept', team: 'demo' })
  await shell.json(['team', 'delete', 'receivers', '--yes'])
})
