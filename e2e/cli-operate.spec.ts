import { request } from 'node:http'
import { Client } from '@m3o/m3o-node'
import { HelloworldService } from 'm3o/helloworld/index.js'
import { counter, reporter } from './stack/programs.ts'
import { expect, test } from './browser/test.ts'
import { until } from './stack/until.ts'

const line = {
  seq: expect.any(Number),
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  service: 'talks',
  environment: 'production',
  revision: expect.any(String),
  instance: expect.any(String),
  stream: expect.stringMatching(/^(out|err|stdout|stderr|build|platform)$/),
  level: expect.any(String),
  text: expect.any(String),
}

test('logs: the newest so many, oldest first, without holes; matched; since; followed', async ({ shell }) => {
  await shell.deploy('talks', {
    'index.js': `for (let n = 1; n <= 3000; n++) console.log('number ' + n)
console.error('Error: that was all')
console.log(JSON.stringify({ level: 'warn', msg: 'as json', n: 7 }))
${reporter['index.js'] ?? ''}`,
  })
  const read = async (...args: string[]) =>
    (await shell.m3o(['logs', 'talks', '--json', ...args])).stdout
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text) as { seq: number; text: string; level: string; fields?: object })
  await until('all lines are kept', async () => (await read('-n', '5', '--grep', 'as json')).length === 1)
  const all = await read('-n', '100000')
  expect(all[0]).toMatchObject(line)
  expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => (all[0]?.seq ?? 0) + index))
  expect(all.filter(({ text }) => text.startsWith('number ')).map(({ text }) => text)).toEqual(
    Array.from({ length: 3000 }, (_, index) => `number ${index + 1}`),
  )
  expect(all.find(({ text }) => text.includes('as json'))).toMatchObject({ level: 'warn', fields: { n: 7 } })
  expect((await read('-n', '3')).map(({ seq }) => seq)).toEqual(all.slice(-3).map(({ seq }) => seq))
  expect((await read('--grep', '^number 29\\d{2}$')).map(({ text }) => text)).toHaveLength(100)
  expect(await read('--level', 'error', '-n', '10')).toEqual([
    expect.objectContaining({ level: 'error', text: expect.stringContaining('that was all') }),
  ])
  expect(await read('--since', '0s')).toEqual([])
  expect((await read('--since', '1h')).length).toBe(all.length)
  expect(await shell.m3o(['logs', 'talks', '--grep', '('])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/\(bad_request\)/),
  })

  const following = shell.follow(['logs', 'talks', '-f', '-n', '0'])
  await until('a new line comes', async () => {
    await shell.m3o(['call', 'talks', '/follow-me'])
    return following.lines.some(({ text }) => text === 'asked for /follow-me')
  })
  expect(await following.stop()).toBe(0)
})

test('followed across a runtime that was killed, no line is missing or comes twice', async ({ shell, stack }) => {
  await shell.deploy('counts', counter(5))
  const following = shell.follow(['logs', 'counts', '-f', '-n', '0', '--grep', '^line '])
  await until('lines come', () => following.lines.length > 100)
  await stack.kill('runtime')
  const seen = following.lines.length
  await until('lines come again', () => following.lines.length > seen + 500, { withinMs: 30_000 })
  await following.stop()
  const numbers = following.lines.map(({ text, gap }) =>
    gap === undefined ? Number(String(text).slice(5)) : Number.NaN,
  )
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
})

test('variables and secrets: set, seen or never seen, in force after a restart, deleted', async ({ shell }) => {
  await shell.deploy('keeps', reporter)
  const word = async () => (await shell.json<{ word: string | null }>(['call', 'keeps', '/'])).word
  await shell.json(['var', 'set', 'keeps', 'WORD'], { input: 'two\nlines\n' })
  expect(await word()).toBeNull()
  await shell.json(['restart', 'keeps'])
  expect(await word()).toBe('two\nlines')
  expect(await shell.json(['var', 'list', 'keeps'])).toEqual([
    expect.objectContaining({ name: 'WORD', value: 'two\nlines', from: 'production' }),
  ])
  await shell.json(['var', 'delete', 'keeps', 'WORD'])

  await shell.json(['secret', 'set', 'keeps', 'WORD'], { input: 'hush-hush-9431\n' })
  await shell.json(['restart', 'keeps'])
  expect(await word()).toBe('hush-hush-9431')
  for (const args of [
    ['secret', 'list', 'keeps'],
    ['var', 'list', 'keeps'],
    ['status', 'keeps'],
    ['audit'],
    ['logs', 'keeps', '-n', '1000'],
  ]) {
    const ran = await shell.m3o([...args, '--json'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).not.toContain('hush-hush')
  }
  expect(await shell.m3o(['secret', 'delete', 'keeps', 'NOT_THERE'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/\(not_found\)/),
  })
  expect(await shell.m3o(['var', 'set', 'keeps', 'not a name'], { input: 'x' })).toMatchObject({ code: 1, stdout: '' })
})

test('exec: exit code, both streams, standard input, arguments as they are', async ({ shell }) => {
  await shell.deploy('inside', reporter)
  expect(await shell.m3o(['exec', 'inside', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
    code: 7,
    stdout: 'out\n',
    stderr: 'err\n',
  })
  const bytes = Buffer.alloc(300_000, 'round and round ')
  expect(await shell.m3o(['exec', 'inside', '--', 'wc', '-c'], { input: bytes })).toMatchObject({
    code: 0,
    stdout: '300000\n',
  })
  expect(await shell.m3o(['exec', 'inside', '--', 'printf', '%s|', 'a b', '', '--json', '$HOME', ';'])).toMatchObject({
    stdout: 'a b||--json|$HOME|;|',
  })
  const { stdout } = await shell.m3o([
    'exec',
    'inside',
    '--',
    'sh',
    '-c',
    'pwd; ls /home /root 2>/dev/null | wc -l; echo $M3O_SERVICE $M3O_ENVIRONMENT',
  ])
  expect(stdout).toBe('/app\n0\ninside production\n')
  expect((await shell.m3o(['exec', 'inside', '--', 'no-such-program'])).code).toBe(127)
  expect(await shell.m3o(['exec', 'inside', 'sh', '-c', 'echo "$1"', 'sh', '--json'])).toMatchObject({
    code: 0,
    stdout: '--json\n',
  })
})

test('environments: made, chosen, deployed into alone, deleted', async ({ shell, stack }) => {
  await shell.deploy('overlaid', reporter)
  const made = await shell.json(['env', 'create', 'cli-alice', '--kind', 'personal'])
  expect(made).toEqual({
    name: 'cli-alice',
    kind: 'personal',
    owner: 'ada@example.com',
    parent: 'production',
    generation: expect.any(Number),
    overrides: [],
    expires: expect.any(String),
  })
  expect(await shell.json(['env', 'list'])).toContainEqual(made)
  const inherited = await shell.status('overlaid', '--env', 'cli-alice')
  expect(inherited).toMatchObject({ from: 'production', state: 'live', environment: 'cli-alice' })

  const source = (reporter['index.js'] ?? '').replace('word: env.WORD ?? null', "word: 'of alice'")
  const deployed = await shell.deploy('overlaid', { 'index.js': source }, '--env', 'cli-alice', '--force')
  expect(deployed).toMatchObject({ environment: 'cli-alice', outcome: 'live' })
  expect(await shell.json(['call', 'overlaid', '/', '--env', 'cli-alice'])).toMatchObject({
    word: 'of alice',
    environment: 'cli-alice',
  })
  expect(await shell.json(['call', 'overlaid', '/'])).toMatchObject({ word: null, environment: 'production' })
  expect(await shell.json<{ name: string }[]>(['env', 'list'])).toContainEqual(
    expect.objectContaining({ name: 'cli-alice', overrides: [{ service: 'overlaid', revision: deployed.revision }] }),
  )

  const { token } = await shell.json<{ token: string }>(['token', 'create', 'edge'])
  const call = (headers: Record<string, string>) =>
    get(`${stack.gatewayUrl}/v1/overlaid/`, { authorization: `Bearer ${token}`, ...headers })
  const there = await call({ 'm3o-environment': 'cli-alice' })
  expect(JSON.parse(there.body)).toMatchObject({ word: 'of alice', authorization: null, caller: expect.any(String) })
  expect(there.headers['m3o-served-by']).toBe(`overlaid@${deployed.revision} cli-alice`)
  expect(there.body).not.toContain(token)

  await shell.json(['env', 'use', 'cli-alice'])
  expect(await shell.json(['whoami'])).toMatchObject({ environment: 'cli-alice' })
  await shell.json(['env', 'use', 'production'])
  await shell.json(['env', 'delete', 'cli-alice', '--yes'])
  expect((await call({ 'm3o-environment': 'cli-alice' })).status).toBe(410)
  expect(await shell.json(['call', 'overlaid', '/'])).toMatchObject({ word: null })
})

test('the official clients call a service unchanged', async ({ shell, stack }) => {
  await shell.deploy('helloworld', {
    'index.ts': `import { service, endpoint } from '@m3o/sdk'
import { z } from 'zod'
const response = z.object({ message: z.string() })
export default service({
  Call: endpoint({ request: z.object({ name: z.string() }), response, run: ({ name }) => ({ message: 'Hello ' + name }) }),
  Stream: endpoint({ request: z.object({ name: z.string(), messages: z.number() }), response, stream: async function* ({ name, messages }) { for (let n = 0; n < messages; n++) yield { message: name + ' ' + n } } }),
})
`,
  })
  const { token } = await shell.json<{ token: string }>(['token', 'create', 'official'])
  const address = `${stack.gatewayUrl}/`
  expect(await new Client({ token, address }).call('helloworld', 'Call', { name: 'Ada' })).toEqual({
    message: 'Hello Ada',
  })

  // The generated services of the npm package \`m3o\` always go to m3o.com; only where to is changed.
  const helloworld = new HelloworldService(token)
  Reflect.set(helloworld, 'client', new Client({ token, address }))
  expect(await helloworld.call({ name: 'Grace' })).toEqual({ message: 'Hello Grace' })
  const stream = await helloworld.stream({ name: 'Ada', messages: 3 })
  const heard: unknown[] = []
  stream.recv((message: unknown) => heard.push(message))
  await until('the stream has said all', () => heard.length >= 3)
  expect(heard.slice(0, 3)).toEqual([0, 1, 2].map((n) => ({ message: `Ada ${n}` })))

  const refused = await new Client({ token: 'm3o_nothing', address }).call('helloworld', 'Call', { name: 'Ada' }).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(JSON.stringify(refused) + String(refused)).toMatch(/401/)
})

function get(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (answer) => {
      let body = ''
      answer
        .on('data', (part: Buffer) => (body += part.toString()))
        .on('end', () => resolve({ status: answer.statusCode ?? 0, body, headers: answer.headers }))
    })
      .on('error', reject)
      .end()
  })
}
