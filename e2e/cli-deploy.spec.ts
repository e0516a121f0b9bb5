import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DeployDocument, onlyDocument, Shell, type StatusDocument } from './stack/command.ts'
import { answering, crashesAtBoot, hello, reporter } from './stack/programs.ts'
import { admin } from './stack/stack.ts'
import { expect, test } from './browser/test.ts'

const live = (service: string, environment = 'production') => ({
  service,
  environment,
  revision: expect.stringMatching(/^[0-9a-f]{7,12}$/),
  deployment: expect.any(String),
  outcome: 'live',
  durationMs: expect.any(Number),
  phases: expect.arrayContaining(
    ['building', 'starting', 'checking', 'switching'].map((name) => ({ name, ms: expect.any(Number) })),
  ),
})

test('new, deploy, status, call: the first five minutes', async ({ shell }) => {
  const made = await shell.json<{ folder: string }>(['new', 'hallo'])
  expect(made.folder).toBe(join(shell.folder, 'hallo'))
  expect(await shell.m3o(['new', 'hallo'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/\(name_taken\)/) })
  expect(await shell.m3o(['new', 'Not A Name'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/\(invalid_name\)/),
  })

  const deployed = await shell.json<DeployDocument>(['deploy'], { cwd: made.folder })
  expect(deployed).toEqual(live('hallo'))
  expect(await shell.json(['status', 'hallo'])).toEqual([
    {
      team: 'demo',
      service: 'hallo',
      environment: 'production',
      from: 'production',
      state: 'live',
      revision: deployed.revision,
      instances: [{ id: expect.any(String), pid: expect.any(Number), state: 'live' }],
      url: expect.stringMatching(/^http:\/\/hallo--demo\.localhost:\d+\/?$/),
      owner: admin.email,
      endpoints: [
        {
          name: 'Hello',
          request: expect.objectContaining({
            type: 'object',
            properties: { name: { type: 'string' } },
            required: ['name'],
          }),
          response: expect.objectContaining({ properties: { message: { type: 'string' } } }),
        },
      ],
    },
  ])
  expect(await shell.json<StatusDocument[]>(['services'])).toContainEqual(await shell.status('hallo'))

  expect(await shell.json(['call', 'hallo', 'Hello', '{"name":"Ada"}'])).toEqual({ message: 'Hello Ada' })
  expect(await shell.json(['call', 'hallo', 'Hello', '--name', '007'])).toEqual({ message: 'Hello 007' })
  const bad = await shell.m3o(['call', 'hallo', 'Hello', '{"name":7}', '--json'])
  expect(bad).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: /) })
  onlyDocument(bad)
})

test('fields are typed by the schema', async ({ shell }) => {
  await shell.deploy('typed', {
    'index.ts': `import { service, endpoint } from '@m3o/sdk'
import { z } from 'zod'
const shape = z.object({ n: z.number(), on: z.boolean(), text: z.string(), many: z.array(z.number()), deep: z.object({ a: z.number() }).optional() })
export default service({ Echo: endpoint({ request: shape, response: shape, run: (given) => given }) })
`,
  })
  expect(
    await shell.json([
      'call',
      'typed',
      'Echo',
      '--n',
      '1.5',
      '--on',
      '--text',
      '42',
      '--many',
      '1',
      '--many=2',
      '--deep.a',
      '3',
    ]),
  ).toEqual({ n: 1.5, on: true, text: '42', many: [1, 2], deep: { a: 3 } })
  expect(await shell.m3o(['call', 'typed', 'Echo', '--n', 'seven'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/\(bad_request\)/),
  })
})

test('a deployment that fails says exit code and last lines in its one document, and the old one serves on', async ({
  shell,
}) => {
  await shell.deploy('boots', answering('fine'))
  const folder = await shell.write('boots-not', crashesAtBoot)
  const ran = await shell.m3o(['deploy', folder, '--service', 'boots', '--json'])
  expect(ran.code).toBe(1)
  expect(onlyDocument(ran)).toMatchObject({
    service: 'boots',
    outcome: 'failed',
    error: {
      code: expect.any(String),
      message: expect.any(String),
      exitCode: 1,
      lines: expect.arrayContaining(['reading the settings', expect.stringContaining('no such bucket: invoices')]),
    },
  })
  expect(ran.stderr).toMatch(/^error: .+ \(\w+\)\n/)
  expect(await shell.m3o(['call', 'boots', '/'])).toMatchObject({ code: 0, stdout: 'fine\n' })
})

test('what git would track is uploaded, and nothing else', async ({ shell }) => {
  const listing = `const { readdirSync } = require('node:fs')
const list = (at) => readdirSync(at, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? list(at + '/' + one.name) : [at.slice(2) + '/' + one.name]).map((path) => path.replace(/^\\//, '')))
const files = list('.').filter((path) => !path.startsWith('node_modules'))
require('node:http').createServer((request, response) => response.end(JSON.stringify(files.sort()))).listen(process.env.PORT, process.env.HOST)
`
  const strange = [
    'with space.txt',
    'quote\'s "two".txt',
    'ünïcode-日本.txt',
    '-dash.txt',
    '$(touch x).txt',
    'semi;colon.txt',
    '#hash?.txt',
    'a/deep/er/file.txt',
  ]
  const files = {
    'index.js': listing,
    '.gitignore': 'ignored/\n*.secret\n',
    'ignored/x.txt': 'x',
    'top.secret': 'x',
    'deep/.gitignore': 'local.txt\n',
    'deep/local.txt': 'x',
    'deep/kept.txt': 'x',
    'node_modules/left/index.js': 'x',
    '.git-not/x': 'x',
    ...Object.fromEntries(strange.map((name) => [name, 'x'])),
  }
  const expected = ['.git-not/x', '.gitignore', 'deep/.gitignore', 'deep/kept.txt', 'index.js', ...strange].sort()
  const folder = await shell.write('ignores', files)
  await shell.json(['deploy', folder, '--service', 'ignores'])
  expect(await shell.json(['call', 'ignores', '/files'])).toEqual(expected)

  await shell.run('git', ['init', '-q'], { cwd: folder })
  await shell.run('git', ['add', 'index.js'], { cwd: folder })
  await writeFile(join(folder, 'untracked.txt'), 'x')
  await shell.json(['deploy', folder, '--service', 'ignores'])
  expect(await shell.json(['call', 'ignores', '/files'])).toEqual([...expected, 'untracked.txt'].sort())
})

test('a name with a control character is refused, and said without obeying it', async ({ shell }) => {
  const folder = await shell.write('controls', { ...reporter, 'new\nline \u001b[31m.txt': 'x' })
  expect(await shell.m3o(['deploy', folder])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^(?!.*\u001b).*error: .*control character.* \(invalid_path\)\n/s),
  })
})

test('links that lead out of the folder take nothing along', async ({ shell }) => {
  await shell.write('.', { 'outside.txt': 'not to be uploaded' })
  const folder = await shell.write('links', reporter)
  await symlink(join(shell.folder, 'outside.txt'), join(folder, 'absolute.txt'))
  await symlink('../outside.txt', join(folder, 'relative.txt'))
  const ran = await shell.m3o(['deploy', folder, '--service', 'links', '--json'])
  onlyDocument(ran)
  if (ran.code !== 0) return expect(ran.stderr).toMatch(/^error: .*(absolute|relative)\.txt/)
  expect((await shell.m3o(['exec', 'links', '--', 'sh', '-c', 'cat absolute.txt relative.txt; true'])).stdout).toBe('')
})

test('a broken m3o.json is told with its line and key', async ({ shell }) => {
  const folder = await shell.write('manifest', {
    ...reporter,
    'm3o.json': '{\n  "name": "manifest",\n  "memroy": "64m"\n}\n',
  })
  const ran = await shell.m3o(['deploy', folder])
  expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/memroy/) })
  expect(ran.stderr).toMatch(/line 3|:3/)
})

test('rollback goes one live revision further back each time, or to the one named', async ({ shell }) => {
  const revisions: string[] = []
  for (const word of ['one', 'two', 'three']) revisions.push((await shell.deploy('history', answering(word))).revision)
  const says = async () => (await shell.m3o(['call', 'history', '/'])).stdout.trim()
  expect(await shell.json(['rollback', 'history'])).toEqual({
    ...live('history'),
    revision: revisions[1],
    phases: expect.any(Array),
  })
  expect(await says()).toBe('two')
  await shell.json(['rollback', 'history'])
  expect(await says()).toBe('one')
  await shell.json(['rollback', 'history', '--to', revisions[2] ?? ''])
  expect(await says()).toBe('three')
})

test('kill stops it, restart brings it back, scale runs more of it', async ({ shell }) => {
  await shell.deploy('many', reporter)
  await shell.json(['scale', 'many', '--min', '2', '--max', '3'])
  expect((await shell.status('many')).instances.filter(({ state }) => state === 'live')).toHaveLength(2)
  const before = await shell.status('many')
  expect(await shell.json(['restart', 'many'])).toMatchObject({ outcome: 'live', revision: before.revision })
  const after = await shell.status('many')
  expect(after.instances.map(({ id }) => id)).not.toContain(before.instances[0]?.id)
  await shell.json(['kill', 'many'])
  expect(await shell.status('many')).toMatchObject({ state: 'stopped', instances: [] })
  const refused = await shell.m3o(['call', 'many', '/', '--json'])
  expect(refused).toMatchObject({
    code: 1,
    stderr: 'error: many was stopped in production (unavailable)\nDeploy or restart it.\n',
  })
  expect(onlyDocument(refused)).toEqual({
    error: { code: 'unavailable', message: 'many was stopped in production', fix: 'Deploy or restart it.' },
  })
  await shell.json(['restart', 'many'])
  expect(await shell.status('many')).toMatchObject({ state: 'live' })
})

test('clone with a token, push, and it is deployed', async ({ stack, shell }) => {
  await shell.deploy('pushed', answering('before'))
  const { token } = await shell.json<{ token: string }>(['token', 'create', 'for-git'])
  const url = `${stack.url.replace('://', `://git:${token}@`)}/git/demo/pushed.git`
  const git = (args: string[], cwd = join(shell.folder, 'clone')) =>
    shell.run('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], { cwd })
  expect(await git(['clone', '-q', url, 'clone'], shell.folder)).toMatchObject({ code: 0 })
  await writeFile(join(shell.folder, 'clone/index.js'), answering('after')['index.js'] ?? '')
  expect(await git(['commit', '-qam', 'Say after'])).toMatchObject({ code: 0 })
  const pushed = await git(['push', 'origin', 'HEAD'])
  expect(pushed.stderr).not.toContain(token)
  expect(pushed).toMatchObject({ code: 0 })
  await expect.poll(async () => (await shell.m3o(['call', 'pushed', '/'])).stdout).toBe('after\n')
  expect(await git(['clone', '-q', `${stack.url}/git/demo/pushed.git`, 'refused'], shell.folder)).toMatchObject({
    code: 128,
  })
})

test('services are renamed and deleted', async ({ shell }) => {
  await shell.deploy('old-name', reporter)
  await shell.json(['service', 'rename', 'old-name', 'new-name'])
  expect(await shell.status('new-name')).toMatchObject({ service: 'new-name', state: 'live' })
  expect(await shell.m3o(['call', 'old-name', '/x'])).toMatchObject({ code: 0 })
  await shell.json(['service', 'delete', 'new-name', '--yes'])
  expect((await shell.json<StatusDocument[]>(['services'])).map(({ service }) => service)).not.toContain('new-name')
  expect((await shell.m3o(['status', 'new-name'])).code).toBe(1)
})

test('a shell of somebody else sees nothing of what this one remembered', async ({ stack }) => {
  await using nobody = await Shell.open(stack)
  expect(await nobody.m3o(['deploy', await nobody.write('x', hello()), '--json'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/\(unauthenticated\)/),
  })
})

test('a deployment outlives the runtime and the console that it is sent to', async ({ shell, stack }) => {
  const folder = await shell.write('tough', hello())
  for (const name of ['runtime', 'web'] as const) {
    const deployed = shell.m3o(['deploy', folder, '--json'])
    await stack.kill(name)
    expect(await deployed).toMatchObject({ code: 0, stderr: '' })
  }
})

test('what only reads waits while parts of the platform come back', async ({ shell, stack }) => {
  for (const name of ['runtime', 'web'] as const) {
    await stack.kill(name)
    expect(await shell.json(['services'])).toEqual(expect.any(Array))
  }
})
