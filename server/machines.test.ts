import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ciSnippet } from '#contract/ci-snippet.ts'
import { codeOf, secretOf } from './testing/matrix/cast.ts'
import { startStand, type Stand } from './testing/stand.ts'
import type { Viewer } from './web.ts'

/* Tokens of machines: the team's, not a person's. */

const run = promisify(execFile)
const at = { team: 'demo', environment: 'production', service: 'hello' }
let stand: Stand
let owner: Viewer
let admin: Viewer
let developer: Viewer

beforeAll(async () => {
  stand = await startStand()
  owner = await stand.viewerOf(
    (
      await stand.web.setup.run(stand.setupCode, {
        email: 'owner@example.com',
        name: 'Owner',
        password: 'a fine password',
      })
    ).person,
  )
  const join = async (name: string, role: 'admin' | 'developer') => {
    const viewer = await stand.viewerOf(
      await stand.web.people.create({
        email: `${name}@example.com`,
        name,
        password: 'a fine password',
        operator: false,
      }),
    )
    const { link } = await stand.as(owner).invitations.create({ team: 'demo', email: `${name}@example.com`, role })
    await stand.as(viewer).invitations.accept({ secret: secretOf(link) })
    return viewer
  }
  ;[admin, developer] = [await join('admin', 'admin'), await join('developer', 'developer')]
  await stand.as(owner).services.create({ team: 'demo', name: 'hello', template: 'hello' })
}, 60_000)
afterAll(async () => stand[Symbol.asyncDispose]())

const machine = (by: Viewer, name: string, more: object = {}) =>
  stand.as(by).tokens.create({ team: 'demo', name, machine: { role: 'developer' }, ...more })

test('who made it leaves, and it goes on; it goes by its own name', async () => {
  const made = await machine(admin, 'ci')
  expect(made).toMatchObject({
    name: 'ci',
    person: { name: 'ci', email: 'ci' },
    machine: { role: 'developer', by: 'admin@example.com' },
  })
  const ci = await stand.withToken(made.token)
  await ci.variables.set({ ...at, name: 'A', value: '1' })
  const { token: own } = await stand.as(admin).tokens.create({ team: 'demo', name: 'of a person' })
  await stand.as(owner).members.remove({ team: 'demo', userId: admin.person.id })
  await expect(stand.withToken(own)).rejects.toThrow('invalid or has expired')
  await (await stand.withToken(made.token)).variables.set({ ...at, name: 'A', value: '2' })
  const [entry] = await stand.as(owner).audit.read({ team: 'demo', action: 'variable.set', limit: 1 })
  expect(entry?.actor).toMatchObject({ kind: 'token', name: 'ci', by: { token: made.id, name: 'ci' } })
  expect(await ci.teams.list()).toMatchObject([{ name: 'demo', role: 'developer' }])
  expect((await ci.person.me()).token).toMatchObject({ team: 'demo' })
  expect((await stand.as(owner).members.list({ team: 'demo' })).map(({ person }) => person.name)).not.toContain('ci')
})

test('it is at most a developer, makes no tokens, joins no teams, and is nobody who signs in', async () => {
  const ci = await stand.withToken((await machine(owner, 'all', { scope: { actions: ['*'] } })).token)
  for (const refused of [
    () => ci.members.remove({ team: 'demo', userId: owner.person.id }),
    () => ci.audit.read({ team: 'demo' }),
    () => ci.services.delete({ team: 'demo', service: 'hello' }),
    () => ci.tokens.create({ team: 'demo', name: 'more' }),
    () => ci.teams.create({ name: 'other' }),
    () => ci.environments.protect({ ...at, protection: null }),
    () => ci.invitations.list({ team: 'demo' }),
    () => ci.person.rename({ name: 'x' }),
    () => ci.platform.status(),
  ])
    expect(await codeOf(refused)).toBe('forbidden')
  const reader = await stand.withToken(
    (await stand.as(owner).tokens.create({ team: 'demo', name: 'reads', machine: { role: 'viewer' } })).token,
  )
  expect(await codeOf(() => reader.services.list({ ...at }))).toBe('ok')
  expect(await codeOf(() => reader.variables.set({ ...at, name: 'A', value: '1' }))).toBe('forbidden')
  expect(
    await codeOf(() =>
      stand.as(owner).tokens.create({
        team: 'demo',
        name: 'nothing',
        machine: { role: 'viewer' },
        scope: { actions: ['service.deploy'] },
      }),
    ),
  ).toBe('forbidden')
})

test('only who may add members makes one, as themselves', async () => {
  expect(await codeOf(() => machine(developer, 'mine'))).toBe('forbidden')
  const { token } = await stand.as(owner).tokens.create({ team: 'demo', name: 'limited' })
  const limited = await stand.withToken(token)
  expect(
    await codeOf(() => limited.tokens.create({ team: 'demo', name: 'machine', machine: { role: 'viewer' } })),
  ).toBe('forbidden')
})

test('a protected environment asks of it as of any developer, its scope narrows it, and revoking ends it', async () => {
  const made = await machine(owner, 'narrow', {
    scope: { actions: ['*.read', 'variable.write'], environments: ['production'] },
  })
  const narrow = await stand.withToken(made.token)
  expect(await codeOf(() => narrow.variables.set({ ...at, name: 'B', value: '1' }))).toBe('ok')
  const admins = { role: 'admin' as const, people: [] }
  await stand
    .as(owner)
    .environments.protect({ ...at, protection: { deploy: admins, secrets: admins, promote: admins } })
  expect(await codeOf(() => narrow.variables.set({ ...at, name: 'B', value: '2' }))).toBe('forbidden')
  await stand.as(owner).environments.protect({ ...at, protection: null })
  await stand.as(owner).environments.create({ team: 'demo', name: 'else' })
  expect(await codeOf(() => narrow.variables.set({ ...at, environment: 'else', name: 'B', value: '2' }))).toBe(
    'forbidden',
  )
  expect((await stand.as(owner).tokens.list({ team: 'demo', everyone: true })).map(({ name }) => name)).toContain(
    'narrow',
  )
  await stand.as(owner).tokens.revoke({ team: 'demo', token: made.id })
  await expect(stand.withToken(made.token)).rejects.toThrow('invalid or has expired')
})

test(
  'what is shown for a pipeline deploys when a shell runs it, and fails when the deployment does',
  { timeout: 60_000 },
  async () => {
    const { token } = await machine(owner, 'pipeline', {
      scope: { actions: ['service.deploy', 'service.read', 'source.write', 'source.read', 'service.create'] },
    })
    const folder = await mkdtemp(join(tmpdir(), 'm3o-ci-'))
    const { shell } = ciSnippet({ url: stand.settings.url, ...at, service: 'from-ci' })
    const env = { PATH: process.env.PATH, HOME: folder, M3O_TOKEN: token } as unknown as NodeJS.ProcessEnv
    const git = (...args: string[]) =>
      run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: folder, env })
    try {
      await git('init', '-q')
      await writeFile(
        join(folder, 'index.js'),
        'require("http").createServer((q, s) => s.end("ci")).listen(process.env.PORT)',
      )
      await git('add', '.')
      await git('commit', '-qm', 'First')
      const { stdout } = await run('sh', ['-c', shell], { cwd: folder, env })
      expect(JSON.parse(stdout.trim())).toMatchObject({
        outcome: 'live',
        service: 'from-ci',
        environment: 'production',
        url: expect.stringMatching(/^http.*\/deployments\//) as string,
      })
      await writeFile(join(folder, 'index.js'), 'process.exit(3)')
      await git('commit', '-qam', 'Second')
      const failed = await run('sh', ['-c', shell], { cwd: folder, env }).then(
        () => undefined,
        (error: { code: number; stdout: string }) => error,
      )
      expect(failed?.code).not.toBe(0)
      expect(JSON.parse(failed?.stdout ?? '{}')).toMatchObject({ outcome: 'failed', error: { code: 'start_failed' } })
      expect(shell).not.toContain(token)
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)
