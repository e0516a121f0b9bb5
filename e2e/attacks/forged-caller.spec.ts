import { expect, test } from '../browser/test.ts'

/** Trusts who calls it, as services do, and says where it is. */
const trusting = {
  'index.js': `const { env } = process
require('node:http').createServer((request, response) => {
  response.end(JSON.stringify({ host: env.HOST, port: Number(env.PORT), caller: request.headers['m3o-caller'] ?? null }))
}).listen(env.PORT, env.HOST)
`,
}

/** Opens the other's port itself, as somebody else. */
const forger = {
  'ask.js': `fetch('http://' + process.argv[2] + '/', { headers: { 'M3O-Caller': 'person="boss@example.com", team="demo"' }, signal: AbortSignal.timeout(3000) })
  .then((answer) => answer.text(), (error) => 'none: ' + (error.cause?.code ?? error.name)).then((text) => console.log(text))
`,
  'index.js': `const { createServer } = require('node:http')
const { execFile } = require('node:child_process')
const { env } = process
createServer((request, response) => {
  const to = new URL(request.url, 'http://x').searchParams.get('to')
  execFile(process.execPath, ['ask.js', to], (error, stdout) => response.end(JSON.stringify({ said: stdout.trim() })))
}).listen(env.PORT, env.HOST)
`,
}

test('no other service, environment, terminal or build opens an instance’s port and says who it is', async ({
  shell,
}) => {
  await shell.deploy('trusting', trusting)
  const { host, port, caller } = await shell.json<{ host: string; port: number; caller: string }>([
    'call',
    'trusting',
    '/',
  ])
  expect(caller).toMatch(/^person="/)
  const to = `${host}:${port}`
  const refused = { said: expect.stringMatching(/^none: (ECONNREFUSED|EHOSTUNREACH)$/) as unknown }

  await shell.deploy('forger', forger)
  await shell.json(['env', 'create', 'forgers'])
  await shell.deploy('forger', { ...forger, 'notes.md': 'of a developer' }, '--env', 'forgers')
  expect(await shell.json(['call', 'forger', `/?to=${to}`])).toEqual(refused)
  expect(await shell.json(['call', 'forger', `/?to=${to}`, '--env', 'forgers'])).toEqual(refused)
  expect((await shell.m3o(['exec', 'forger', '--', 'node', 'ask.js', to])).stdout.trim()).toEqual(refused.said)

  const built = await shell.m3o([
    'deploy',
    await shell.write('of-builder', {
      ...forger,
      'm3o.json': JSON.stringify({ name: 'builder', build: `node ask.js ${to} && exit 3` }),
    }),
    '--service',
    'builder',
  ])
  expect(built.stdout + built.stderr).toMatch(/none: (ECONNREFUSED|EHOSTUNREACH)/)
  expect(built.stdout + built.stderr).not.toContain('boss@example.com')
})
