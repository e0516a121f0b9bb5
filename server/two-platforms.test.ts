import { chmod, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { onlyDocument, type Ran, Shell, type StatusDocument } from '#e2e/stack/command.ts'
import { until } from '#e2e/stack/until.ts'
import { startStand, type Stand } from './testing/stand.ts'

/** Two platforms side by side, as a laptop's and a company's are, and one shell that is logged in to both. */
let a: Stand
let b: Stand
let shell: Shell
let beforeSetUp: Ran
const password = 'a fine password'
const ada = 'ada@example.com'

beforeAll(async () => {
  ;[a, b, shell] = await Promise.all([startStand(), startStand(), Shell.anywhere()])
  await writeFile(join(a.home.run, 'ports'), JSON.stringify({ web: a.settings.port }))
  beforeSetUp = await shell.m3o(['login', '--url', a.settings.url], { env: { M3O_HOME: a.home.path } })
  for (const one of [a, b]) {
    await one.web.setup.run(one.setupCode, { email: ada, name: 'Ada', password })
    await shell.json(['login', '--url', one.settings.url, '--email', ada, '--password-stdin'], { input: password })
  }
}, 90_000)
afterAll(async () => {
  await Promise.all([a, b, shell].map((one) => one[Symbol.asyncDispose]()))
}, 60_000)

const hostOf = (one: Stand) => new URL(one.settings.url).host
const at = (one: Stand, name = 'production') => `${hostOf(one)}/${name}`
const git = async (cwd: string, ...args: string[]): Promise<string> => {
  const ran = await shell.run('git', ['-c', 'user.name=Ada', '-c', `user.email=${ada}`, ...args], { cwd })
  if (ran.code !== 0) throw new Error(`git ${args.join(' ')}: ${ran.stderr}`)
  return ran.stdout.trim()
}
interface Pulled {
  folder: string
  branch: string
  commit: string
  revision: string
  outcome: string
  variables: { file: string; names: string[]; secrets: string[]; missing: string[] }
  settings: { file: string; values: Record<string, unknown> }
}
const pull = (service: string, dir: string, ...more: string[]) => shell.json<Pulled>(['pull', service, dir, ...more])

/** Answers with its files' texts and its variables. */
const service = (more: Record<string, string> = {}) => ({
  'index.js': `const { readFileSync } = require('node:fs')
require('node:http').createServer((request, response) => response.end(JSON.stringify({
  one: readFileSync('one.txt', 'utf8'), two: readFileSync('two.txt', 'utf8'), word: process.env.WORD ?? null, key: process.env.KEY ?? null,
}))).listen(process.env.PORT, process.env.HOST)
`,
  'one.txt': 'one',
  'two.txt': 'two',
  ...more,
})
const word = 'two\nlines, a "quote", it\'s $HOME `x` \\ \u0007'
const key = 'correct "horse" \'battery\'\n\tstaple'

test(
  'each platform is remembered, called by its name, and left for another by one word',
  { timeout: 120_000 },
  async () => {
    const whoami = (env: Record<string, string> = {}) => shell.json(['whoami'], { env })
    const on = (one: Stand, environment = 'production') => ({
      email: ada,
      team: 'demo',
      environment,
      url: one.settings.url,
    })
    expect(await whoami()).toEqual(on(b)) // logged in to last
    await shell.json(['env', 'create', 'alice'])
    expect(await shell.json(['env', 'use', 'alice'])).toMatchObject({
      name: 'alice',
      team: 'demo',
      environment: 'alice',
      url: b.settings.url,
    })
    expect(await shell.json(['env', 'use', at(a)])).toMatchObject({
      name: 'production',
      environment: 'production',
      url: a.settings.url,
    })
    expect(await whoami()).toEqual(on(a))
    expect(await whoami({ M3O_URL: b.settings.url })).toEqual(on(b, 'alice'))
    expect(await shell.json(['env', 'use', `${b.settings.url}/demo/production`])).toMatchObject({
      url: b.settings.url,
      environment: 'production',
    })
    expect(await shell.json(['env', 'use', at(b, 'alice')])).toMatchObject({
      url: b.settings.url,
      environment: 'alice',
    })
    expect(await shell.json(['env', 'use', `${hostOf(a)}/`])).toMatchObject({
      url: a.settings.url,
      environment: 'production',
    })
    expect(await shell.json(['env', 'use', `${hostOf(b)}`])).toMatchObject({
      url: b.settings.url,
      environment: 'alice',
    })

    expect(await shell.m3o(['services', '--json'])).toMatchObject({ code: 0, stderr: '' })
    expect(await shell.m3o(['services'])).toMatchObject({ code: 0, stderr: `In alice of demo on ${hostOf(b)}\n` })
    expect(await shell.m3o(['services', '--env', at(a)])).toMatchObject({ code: 0, stderr: '' })
    expect(await shell.json(['whoami', '--env', at(a)])).toEqual(on(a))
    for (const [place, code, said] of [
      ['127.0.0.1/production', 2, `127.0.0.1 is ambiguous: it matches ${hostOf(a)} and ${hostOf(b)}`],
      ['laptop/production', 2, 'laptop is ambiguous'],
      ['nowhere.example.com/x', 1, 'you are not logged in to a platform named nowhere.example.com'],
      [at(a, 'nothing'), 1, 'environment nothing does not exist in demo'],
    ] as const) {
      const ran = await shell.m3o(['env', 'use', place, '--json'])
      expect({ place, ...ran }).toMatchObject({ code, stderr: expect.stringContaining(said) as string })
      onlyDocument(ran)
    }
    const all = await shell.json<{ platform: string; name: string; chosen: boolean }[]>(['env', 'list', '--all'])
    expect(all.map(({ platform, name, chosen }) => `${platform}/${name}${chosen ? ' *' : ''}`)).toEqual([
      at(a),
      at(b),
      `${at(b, 'alice')} *`,
    ])
    const complete = async (...words: string[]) =>
      (await shell.m3o(['complete', '--', ...words])).stdout.split('\n').filter(Boolean)
    expect(await complete('env', 'use', '')).toEqual([at(a), 'production', at(b), 'alice', at(b, 'alice')])
    expect(await complete('env', 'use', 'al')).toEqual(['alice'])
    expect(await complete('services', '--env', hostOf(a))).toEqual([at(a)])

    expect((await shell.m3o(['whoami'])).stderr).toBe(
      `Also logged in to ${hostOf(a)}. To switch: m3o env use ${hostOf(a)}/\n`,
    )
    await using other = await Shell.anywhere()
    for (const one of [a, b])
      await other.json(['login', '--url', one.settings.url, '--email', ada, '--password-stdin'], { input: password })
    await other.json(['logout'])
    expect(await other.json(['env', 'use', at(a)])).toMatchObject({ url: a.settings.url })
    await writeFile(
      join(other.folder, '.config/m3o/config.json'),
      (await readFile(join(other.folder, '.config/m3o/config.json'), 'utf8'))
        .replace('{', `{"platforms":{},`)
        .replaceAll(a.settings.url, 'http://127.0.0.1:1'),
    )
    expect(await other.json(['env', 'list', '--all'])).toEqual([
      {
        platform: '127.0.0.1:1',
        url: 'http://127.0.0.1:1',
        error: expect.objectContaining({ code: 'unavailable' }) as object,
      },
    ])
  },
)

test("one's own platform is signed in to at once, by whoever may read its folder", { timeout: 120_000 }, async () => {
  expect(beforeSetUp).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      `this platform is not set up yet (not_in_this_state)\nOpen ${a.settings.url}/setup?code=a-code-of-this-test `,
    ) as string,
  })
  await using mine = await Shell.anywhere()
  const env = { M3O_HOME: a.home.path }
  expect(await mine.json(['login', '--url', a.settings.url], { env })).toEqual({
    email: ada,
    team: 'demo',
    environment: 'production',
    url: a.settings.url,
  })
  expect(await mine.json(['whoami'])).toMatchObject({ email: ada, url: a.settings.url })
  // Not another one's, nor by whoever has no such folder.
  expect(await mine.m3o(['login', '--url', b.settings.url], { env })).toMatchObject({ code: 2 })
  expect(await mine.m3o(['login', '--url', a.settings.url])).toMatchObject({ code: 2 })
  const log = await shell.json<{ action: string; target: string }[]>(['audit', '--env', at(a)])
  expect(log[0]).toMatchObject({ action: 'token.create', target: expect.stringContaining('m3o on ') as string })
})

test(
  'a service goes from one platform to the other and back: history, variables, secrets, settings, and what both have changed',
  { timeout: 180_000 },
  async () => {
    const call = async () => shell.json<{ one: string; two: string; word: string; key: string }>(['call', 'trip', '/'])
    await shell.json(['env', 'use', at(a)])
    const made = await shell.write('made', { ...service(), 'm3o.json': '{"name": "trip", "memory": "128MB"}' })
    await shell.json(['deploy', made, '-m', 'First'])
    await shell.m3o(['var', 'set', 'trip', 'WORD'], { input: word })
    await shell.m3o(['secret', 'set', 'trip', 'KEY'], { input: key })
    await shell.json(['scale', 'trip', '--min', '1', '--max', '2'])
    await shell.write('made', { 'one.txt': 'one of a' })
    const second = await shell.json<{ revision: string }>(['deploy', made, '-m', 'Second'])

    const pulled = await pull('trip', 'trip')
    const folder = join(shell.folder, 'trip')
    expect(pulled).toMatchObject({
      service: 'trip',
      team: 'demo',
      environment: 'production',
      url: a.settings.url,
      folder,
      branch: 'main',
      revision: second.revision,
      outcome: 'pulled',
    })
    expect(pulled.variables).toEqual({
      file: join(folder, '.m3o/variables.env'),
      names: ['WORD'],
      secrets: ['KEY'],
      missing: [],
    })
    expect(pulled.settings.values).toEqual({ instances: { min: 1, max: 2 }, cpu: 1, idle: 'never', health: '/health' })
    expect((await git(folder, 'log', '--format=%s')).split('\n').slice(0, 2)).toEqual(['Second', 'First'])
    expect(await git(folder, 'status', '--porcelain', '--ignored')).toBe('!! .m3o/')
    expect((await stat(join(folder, '.m3o'))).mode & 0o777).toBe(0o700)
    for (const name of await readdir(join(folder, '.m3o')))
      expect((await stat(join(folder, '.m3o', name))).mode & 0o777).toBe(0o600)
    const token =
      (
        JSON.parse(await readFile(join(shell.folder, '.config/m3o/config.json'), 'utf8')) as {
          platforms: Record<string, { token: string }>
        }
      ).platforms[a.settings.url]?.token ?? ''
    expect(token).toMatch(/^m3o_/)
    expect((await shell.run('grep', ['-r', token, folder])).code).toBe(1)
    expect(await git(folder, 'remote', '-v')).toContain(`origin\t${a.settings.url}/git/demo/trip.git (fetch)`)

    // To the other platform, as it is.
    await shell.json(['env', 'use', at(b, 'production')])
    const moved = await shell.m3o(['deploy', '--with-settings'], { cwd: folder })
    expect(moved).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/Set in production: WORD, KEY; and its settings/) as string,
    })
    expect(moved.stderr + moved.stdout).not.toContain('horse')
    expect(await call()).toEqual({ one: 'one of a', two: 'two', word, key })
    expect(await shell.json<{ name: string; value: string }[]>(['var', 'list', 'trip'])).toMatchObject([
      { name: 'WORD', value: word },
    ])
    expect(await shell.json(['secret', 'list', 'trip'])).toMatchObject([{ name: 'KEY' }])
    expect((await shell.status('trip')).revision).toBe(second.revision) // the very same commit

    await shell.json(['deploy', '--service', 'trip-alone'], { cwd: made }) // of a folder without a history of its own
    expect((await shell.m3o(['deploy', '--service', 'trip-too'], { cwd: folder })).stderr).toContain(
      'note: variables and settings in .m3o were not deployed.',
    )
    for (const name of ['trip-alone', 'trip-too']) await shell.json(['service', 'delete', name, '--yes'])

    // Changed there, by git; and meanwhile here.
    const theirs = await pull('trip', 'theirs')
    await writeFile(join(theirs.folder, 'two.txt'), 'two of b')
    await git(theirs.folder, 'commit', '-qam', 'Of b')
    const pushed = await git(theirs.folder, 'push', '-q').catch((error: Error) => error.message)
    expect(pushed).toBe('')
    await until('it is live on b', async () => (await call()).two === 'two of b', { withinMs: 60_000, everyMs: 200 })
    await shell.json(['env', 'use', at(a)])
    await shell.write('made', { 'one.txt': 'one of a, again' })
    await shell.json(['deploy', made, '-m', 'Of a'])

    // Back: what came on b is forwarded to, what came on a is merged.
    expect(await pull('trip', 'trip', '--env', at(b))).toMatchObject({ outcome: 'updated', url: b.settings.url })
    expect(await readFile(join(folder, 'two.txt'), 'utf8')).toBe('two of b')
    const back = await shell.m3o(['deploy'], { cwd: folder })
    expect(back).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('merged with newer commits of others') as string,
    })
    expect(await call()).toEqual({ one: 'one of a, again', two: 'two of b', word, key })
    expect(await pull('trip', 'trip')).toMatchObject({ outcome: 'updated' })
    expect((await git(folder, 'log', '--format=%s')).split('\n')).toEqual(
      expect.arrayContaining(['Of a', 'Of b', 'Second', 'First']),
    )
    expect(await pull('trip', 'trip')).toMatchObject({ outcome: 'unchanged' })

    // What is deployed uncommitted is history after it, without a file in the way.
    await writeFile(join(folder, 'three.txt'), 'new')
    await writeFile(join(folder, 'one.txt'), 'uncommitted')
    await shell.json(['deploy', '-m', 'Uncommitted'], { cwd: folder })
    expect(await pull('trip', 'trip')).toMatchObject({ outcome: 'updated' })
    expect(await git(folder, 'status', '--porcelain')).toBe('')
    expect(await git(folder, 'log', '-1', '--format=%s')).toBe('Uncommitted')

    // A changed line on both sides is a conflict, and nobody's work is written over.
    await shell.write('made', { 'one.txt': 'in the way' })
    await shell.json(['deploy', made, '--force'])
    await writeFile(join(folder, 'one.txt'), 'mine')
    expect(await shell.m3o(['deploy'], { cwd: folder })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/one\.txt.*\(conflict\)/s) as string,
    })
    const dirty = await shell.m3o(['pull', 'trip', 'trip', '--json'])
    expect(dirty).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has uncommitted changes: one\.txt \(conflict\)\nCommit them/) as string,
    })
    onlyDocument(dirty)
    await git(folder, 'commit', '-qam', 'Mine')
    expect(await shell.m3o(['pull', 'trip', 'trip'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/have diverged \(conflict\)\nRun git merge refs\/remotes\/origin\/main/) as string,
    })
    expect(await readFile(join(folder, 'one.txt'), 'utf8')).toBe('mine')
  },
)

test('what is kept beside the source survives the next pull, and goes to nobody', { timeout: 90_000 }, async () => {
  await shell.json(['env', 'use', at(a)])
  await shell.deploy('kept', service())
  await shell.m3o(['var', 'set', 'kept', 'WORD'], { input: 'before' })
  const { folder, variables } = await pull('kept', 'kept')
  const mine = `${await readFile(variables.file, 'utf8')}MINE=1\n`
  await writeFile(variables.file, mine)
  await shell.m3o(['var', 'set', 'kept', 'WORD'], { input: 'after' })
  const again = await shell.m3o(['pull', 'kept', 'kept'])
  expect(again.stdout).toContain('your changes are kept in .m3o/variables.env.')
  expect(await readFile(variables.file, 'utf8')).toContain('WORD=after')
  const saved = (await readdir(join(folder, '.m3o'))).find((name) => name.startsWith('variables.env.')) ?? ''
  expect(await readFile(join(folder, '.m3o', saved), 'utf8')).toBe(mine)
  expect(await git(folder, 'status', '--porcelain')).toBe('')
  // Not even by a git that was told to, or from a copy without one.
  await git(folder, 'add', '-f', '.m3o/variables.env')
  expect(await shell.m3o(['deploy', folder])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Uploading 3 files') as string,
  })
  await git(folder, 'rm', '-rq', '--cached', '.m3o')
  await writeFile(variables.file, 'WORD="never closed\n')
  expect(await shell.m3o(['deploy', folder, '--with-settings'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^(In .*\n|Uploading .*\n)*error: \.m3o\/variables\.env line 1: a quote is not closed \(bad_request\)\n/,
    ) as string,
  })
})

test(
  'secrets come to those who may read them, others learn their names; who had them is in the audit',
  { timeout: 120_000 },
  async () => {
    const owner = ['--env', at(a)]
    await shell.json(['env', 'use', at(a)])
    await shell.deploy('guarded', service())
    await shell.m3o(['var', 'set', 'guarded', 'WORD'], { input: 'plain' })
    await shell.m3o(['secret', 'set', 'guarded', 'KEY'], { input: key })
    const member = async (role: string) => {
      const email = `${role}@example.com`
      const { link } = await shell.json<{ link: string }>(['invite', 'create', email, '--role', role, ...owner])
      const other = await Shell.anywhere()
      await other.json(['invite', 'accept', link, '--url', a.settings.url, '--name', role, '--password-stdin'], {
        input: password,
      })
      await other.json(['login', '--url', a.settings.url, '--email', email, '--password-stdin'], { input: password })
      return other
    }
    await using viewer = await member('viewer')
    await using developer = await member('developer')
    const had = async () =>
      (await shell.json<{ action: string; actor: { name: string }; after: unknown }[]>(['audit', ...owner]))
        .filter(({ action }) => action === 'secret.read')
        .map(({ actor, after }) => ({ by: actor.name, after }))
    const before = await had()
    const looked = await viewer.json<Pulled>(['pull', 'guarded', 'here'])
    expect(looked.variables).toMatchObject({ names: ['WORD'], secrets: [], missing: ['KEY'] })
    expect(await readFile(looked.variables.file, 'utf8')).toMatch(/^# \[secrets\]\n# KEY=$/m)
    expect(await had()).toEqual(before)
    // A value of one's own for it stays.
    await writeFile(
      looked.variables.file,
      (await readFile(looked.variables.file, 'utf8')).replace('# KEY=', 'KEY=mine'),
    )
    expect((await viewer.json<Pulled>(['pull', 'guarded', 'here'])).variables).toMatchObject({
      secrets: ['KEY'],
      missing: [],
    })
    expect(await readFile(looked.variables.file, 'utf8')).toContain('KEY=mine')

    expect((await developer.json<Pulled>(['pull', 'guarded'])).variables).toMatchObject({
      secrets: ['KEY'],
      missing: [],
    })
    expect(await had()).toEqual([
      { by: 'developer@example.com', after: { environment: 'production', names: ['KEY'] } },
      ...before,
    ])
    await shell.json(['env', 'protect', 'production', '--deploy', 'developer', '--secrets', 'owner', ...owner])
    expect((await developer.json<Pulled>(['pull', 'guarded', 'again'])).variables).toMatchObject({
      names: [],
      secrets: [],
      missing: ['KEY', 'WORD'],
    })
    await rm(join(developer.folder, 'again'), { recursive: true })
    const { token } = await developer.json<{ token: string }>(['token', 'create', 'looks-on', '--scope', '*.read'])
    await shell.json(['env', 'protect', 'production', '--off', ...owner])
    // The token is in no argument of git's, which anybody on the machine can read, and in nothing that is written.
    const shim = await developer.write('shim', {
      git: `#!/bin/sh\nprintf '%s\\n' "$@" >>"$0.log"\nPATH=\${PATH#*:} exec git "$@"\n`,
    })
    await chmod(join(shim, 'git'), 0o755)
    const seen = { env: { PATH: `${shim}:${process.env.PATH}` } }
    expect(
      (await developer.json<Pulled>(['pull', 'guarded', 'again', '--token', token], seen)).variables,
    ).toMatchObject({ names: ['WORD'], secrets: [], missing: ['KEY'] })
    expect((await developer.run('grep', ['-rl', token, 'again'])).code).toBe(1)
    const said = await readFile(join(shim, 'git.log'), 'utf8')
    expect(said).toContain('fetch\n')
    expect(said).not.toMatch(/m3o_|Authorization/)
  },
)

test('nothing that is there is lost, and no name or link leads elsewhere', { timeout: 90_000 }, async () => {
  await shell.json(['env', 'use', at(a)])
  await shell.deploy('careful', service())
  await shell.deploy('another', service())
  const refused = async (args: string[], said: RegExp) => {
    const ran: Ran = await shell.m3o(['--json', 'pull', ...args])
    expect({ args, ...ran }).toMatchObject({ code: 1, stderr: expect.stringMatching(said) as string })
    onlyDocument(ran)
  }
  await shell.write('full', { 'mine.txt': 'mine' })
  await shell.write('.', { 'a-file': 'mine' })
  await symlink('nowhere', join(shell.folder, 'dangling'))
  await refused(['careful', 'full'], /full already exists and is not a pulled service \(conflict\)/)
  await refused(['careful', 'a-file'], /a-file already exists/)
  await refused(['careful', 'dangling'], /dangling already exists/)
  expect(await readdir(join(shell.folder, 'full'))).toEqual(['mine.txt'])
  for (const name of ['../careful', 'careful/..', 'no-such', '-x', '$(id)', '@other/careful'])
    await refused(['--', name], /\((not_found|forbidden|bad_request)\)/)
  expect((await readdir(shell.folder)).filter((name) => name.includes('.pull-'))).toEqual([])

  await mkdir(join(shell.folder, 'empty'))
  expect(await pull('careful', 'empty')).toMatchObject({ outcome: 'pulled' })
  await refused(['another', 'empty'], /contains the service careful \(conflict\)/)
  // The folder that a shell is in is filled, and stays the same one.
  await mkdir(join(shell.folder, 'current'))
  const { ino } = await lstat(join(shell.folder, 'current'))
  expect(await shell.json(['pull', 'careful', '.'], { cwd: join(shell.folder, 'current') })).toMatchObject({
    outcome: 'pulled',
    folder: join(shell.folder, 'current'),
  })
  expect((await lstat(join(shell.folder, 'current'))).ino).toBe(ino)
  expect(await readdir(join(shell.folder, 'current'))).toEqual(expect.arrayContaining(['.git', '.m3o']))
  // A new file of somebody's in the place of one that comes.
  const { folder: other } = await pull('careful', 'other')
  await writeFile(join(other, 'clash.txt'), 'theirs')
  await git(other, 'add', '.')
  await git(other, 'commit', '-qm', 'Clash')
  await git(other, 'push', '-q')
  await writeFile(join(shell.folder, 'empty/clash.txt'), 'mine')
  await refused(['careful', 'empty'], /in the way: clash\.txt \(conflict\)\nMove them/)
  expect(await readFile(join(shell.folder, 'empty/clash.txt'), 'utf8')).toBe('mine')

  // A source that would have secrets written through its link.
  await mkdir(join(shell.folder, 'elsewhere'))
  await symlink(join(shell.folder, 'elsewhere'), join(other, '.m3o-link'))
  await rm(join(other, '.m3o'), { recursive: true })
  await symlink('sub', join(other, '.m3o'))
  await mkdir(join(other, 'sub'))
  await writeFile(join(other, 'sub/x'), 'x')
  await rm(join(other, '.m3o-link'))
  await git(other, 'add', '-f', '.')
  await git(other, 'commit', '-qm', 'A trap')
  await git(other, 'push', '-q')
  await refused(
    ['careful', 'trapped'],
    /the source contains \.m3o, where variables and secrets would be stored \(conflict\)/,
  )
  expect(await lstat(join(shell.folder, 'trapped')).catch(() => undefined)).toBeUndefined()
  expect(await shell.json(['pull', 'careful', 'trapped', '--no-settings'])).toMatchObject({ outcome: 'pulled' })
})

test(
  'killed at any moment it leaves no folder that looks finished, and the next pull makes one',
  { timeout: 120_000 },
  async () => {
    await shell.json(['env', 'use', at(a)])
    await shell.deploy('killed', service())
    await shell.m3o(['secret', 'set', 'killed', 'KEY'], { input: key })
    const target = join(shell.folder, 'killed')
    for (const seen of [
      '',
      '.git/HEAD',
      '.git/FETCH_HEAD',
      '.git/refs/remotes/origin/main',
      '.git/index',
      'index.js',
      '.m3o',
      '.m3o/variables.env',
    ]) {
      const child = shell.start(['pull', 'killed', 'killed'])
      const fresh = join(shell.folder, `.killed.pull-${child.pid}`)
      await until(
        `there is ${seen}, or it is done`,
        async () =>
          child.exitCode !== null ||
          (await lstat(join(fresh, seen)).catch(() => undefined)) !== undefined ||
          (await lstat(target).catch(() => undefined)) !== undefined,
        { everyMs: 1, withinMs: 60_000 },
      )
      child.kill('SIGKILL')
      await until('it is gone', () => child.exitCode !== null || child.signalCode !== null)
      const there = await lstat(target).catch(() => undefined)
      if (there !== undefined) {
        // Then it is whole.
        expect(await git(target, 'status', '--porcelain')).toBe('')
        expect(await readFile(join(target, '.m3o/variables.env'), 'utf8')).toContain('KEY=')
        await rm(target, { recursive: true })
      }
    }
    expect(await pull('killed', 'killed')).toMatchObject({ outcome: 'pulled' })
    await until('nothing half made is left', async () => {
      const left = (await readdir(shell.folder)).filter((name) => name.startsWith('.killed.pull-'))
      return left.length === 0
    })
    await chmod(target, 0o700)
    expect(await shell.json<StatusDocument[]>(['status', 'killed'])).toHaveLength(1)
  },
)
