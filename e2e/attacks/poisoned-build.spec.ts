import { invited } from '../browser/people.ts'
import { expect, test } from '../browser/test.ts'
import { Shell } from '../stack/command.ts'

/*
 * A developer may deploy into an environment of their own, and not into production. What their builds leave in caches, and
 * what was built from such a cache there, never runs in production, whoever deploys, promotes, restarts or rolls back.
 */

/** Whatever tool it is: it takes what it needs from its cache, and fetches it where it is not there. */
const fromCache =
  'test -f /downloads/said.js || echo "module.exports = () => \'clean\'" >/downloads/said.js; cp /downloads/said.js said.js'
const service = (more: Record<string, string>): Record<string, string> => ({
  'index.js':
    "const said = require('./said.js')\nrequire('node:http').createServer((_, response) => response.end(JSON.stringify({ said: said() }))).listen(process.env.PORT, process.env.HOST)\n",
  ...more,
})
const clean = (note: string) => service({ 'm3o.json': JSON.stringify({ build: fromCache }), 'notes.md': note })
const poisoner = service({
  'm3o.json': JSON.stringify({
    build: `echo 'module.exports = () => process.env.WORD ?? "poisoned"' >/downloads/said.js; cp /downloads/said.js said.js`,
  }),
})

test('a build that a developer poisoned in their own environment is not what production runs', async ({
  shell,
  stack,
}) => {
  await shell.deploy('vault', clean('first'))
  const mallory = await invited(stack, shell, {
    email: 'mallory@example.com',
    password: 'a patient developer',
    role: 'developer',
  })
  await using theirs = await Shell.open(stack)
  await theirs.json(['login', '--email', mallory.email, '--password-stdin'], { input: `${mallory.password}\n` })
  const said = async (from: Shell, environment: string) =>
    (await from.json<{ said?: string }>(['call', 'vault', '/', '--env', environment])).said
  try {
    await shell.json(['env', 'protect', 'production', '--deploy', 'owner', '--secrets', 'owner', '--promote', 'owner'])
    await theirs.json(['env', 'create', 'burrow'])
    await theirs.deploy('vault', poisoner, '--env', 'burrow')
    await theirs.deploy('vault', clean('reviewed'), '--env', 'burrow')
    expect(await said(theirs, 'burrow')).toBe('poisoned') // the attack works where it may

    await shell.m3o(['secret', 'set', 'vault', 'WORD', '--env', 'production'], { input: 'of-the-owner' })
    await shell.json(['env', 'promote', 'burrow', '--yes'])
    expect(await said(shell, 'production')).toBe('clean')
    await shell.deploy('vault', clean('second'), '--force')
    expect(await said(shell, 'production')).toBe('clean')
  } finally {
    await shell.json(['env', 'protect', 'production', '--off'])
    await theirs.m3o(['env', 'delete', 'burrow', '--yes', '--json'])
  }
})
