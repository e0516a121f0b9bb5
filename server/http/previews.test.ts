import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startStand, type Stand } from '../testing/stand.ts'

const run = promisify(execFile)
let stand: Stand
let owner: ReturnType<Stand['as']>
let folder: string

beforeAll(async () => {
  stand = await startStand()
  const { person } = await stand.web.setup.run(stand.setupCode, {
    email: 'ann@example.com',
    name: 'Ann',
    password: 'correct horse',
  })
  owner = stand.as(await stand.viewerOf(person))
  for (const name of ['front', 'back']) await owner.services.create({ team: 'demo', name, template: 'hello' })
  folder = await mkdtemp(join(tmpdir(), 'm3o-previews-'))
  const token = await tokenFor()
  for (const name of ['front', 'back']) await git('.', 'clone', '-q', remote(name, token), name)
}, 60_000)
afterAll(async () => {
  await stand[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const tokenFor = async (actions?: string[]) =>
  (
    await owner.tokens.create({
      team: 'demo',
      name: 'git',
      scope: actions === undefined ? {} : { actions },
      environment: null,
      expiresAt: null,
    })
  ).token
const remote = (service: string, token: string) =>
  `${stand.settings.url.replace('://', `://git:${token}@`)}/git/demo/${service}.git`

/** What git says to its user. */
async function git(at: string, ...args: string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ann',
    GIT_AUTHOR_EMAIL: 'a@b',
    GIT_COMMITTER_NAME: 'Ann',
    GIT_COMMITTER_EMAIL: 'a@b',
  } as unknown as NodeJS.ProcessEnv
  const { stdout, stderr } = await run('git', args, { cwd: join(folder, at), env })
  return stdout + stderr
}

async function change(service: string, word: string): Promise<void> {
  await writeFile(join(folder, service, 'README.md'), `${word}\n`)
  await git(service, 'add', '.')
  await git(service, 'commit', '-qm', word)
}

const said = (output: string) => output.split('\n').flatMap((line) => /^remote: (.*\S)/.exec(line)?.[1] ?? [])
const previews = async () => (await owner.environments.list({ team: 'demo' })).filter(({ kind }) => kind === 'preview')

async function expectLive(environment: string, service: string, message: string): Promise<void> {
  await eventually(
    async () =>
      (await owner.deployments.list({ team: 'demo', service, environment, before: null, limit: 1 }))[0]?.state ===
      'live',
  )
  expect(
    (await owner.deployments.list({ team: 'demo', service, environment, before: null, limit: 1 }))[0],
  ).toMatchObject({ message, route: 'git' })
}

test(
  'a branch below preview/ has an environment while it is there, and the push says where',
  { timeout: 90_000 },
  async () => {
    await change('front', 'First')
    const first = said(await git('front', 'push', 'origin', 'HEAD:preview/Feature/login_page'))
    expect(first[0]).toBe('Created the preview feature-login-pa of production.')
    expect(first[1]).toMatch(/^Deploying front [0-9a-f]{7} to feature-login-pa:$/)
    expect(first[2]).toMatch(/^ {2}http:\/\/front--feature-login-pa--demo\.localhost:\d+\/$/)
    expect(first[3]).toMatch(
      new RegExp(`^  ${stand.settings.url}/demo/feature-login-pa/services/front/deployments/\\w+$`),
    )
    expect(await previews()).toMatchObject([
      {
        name: 'feature-login-pa',
        branch: 'preview/Feature/login_page',
        parent: 'production',
        owner: { email: 'ann@example.com' },
      },
    ])
    await expectLive('feature-login-pa', 'front', 'First')

    await change('front', 'Second')
    expect(said(await git('front', 'push', 'origin', 'HEAD:preview/Feature/login_page'))[0]).toMatch(/^Deploying front/)
    await expectLive('feature-login-pa', 'front', 'Second')

    // The same branch of another service is shown beside it.
    await change('back', 'Third')
    expect(said(await git('back', 'push', 'origin', 'HEAD:preview/Feature/login_page'))[0]).toMatch(
      /^Deploying back [0-9a-f]{7} to feature-login-pa:$/,
    )
    await expectLive('feature-login-pa', 'back', 'Third')
    expect((await previews())[0]?.overrides.map(({ service }) => service)).toEqual(['back', 'front'])

    // A name that would be the same is told apart.
    expect(said(await git('front', 'push', 'origin', 'HEAD:preview/feature/login-pane'))[0]).toMatch(
      /^Created the preview feature-log-[0-9a-f]{4} of production\.$/,
    )
    await git('front', 'push', 'origin', ':preview/feature/login-pane')

    expect(said(await git('front', 'push', 'origin', ':preview/Feature/login_page'))).toEqual([
      'front is out of the preview feature-login-pa, which back still has.',
    ])
    expect((await previews())[0]?.overrides.map(({ service }) => service)).toEqual(['back'])
    expect(said(await git('back', 'push', 'origin', ':preview/Feature/login_page'))).toEqual([
      'Deleted the preview feature-login-pa. To restore it within a day: m3o env restore feature-login-pa',
    ])
    expect(await previews()).toEqual([])
    expect(said(await git('front', 'push', 'origin', 'HEAD:preview/Feature/login_page'))[0]).toBe(
      'Restored the preview feature-login-pa.',
    )
    expect((await previews())[0]?.name).toBe('feature-login-pa')
  },
)

test(
  'who may push, but neither make environments nor deploy, is told so; the branch is taken',
  { timeout: 60_000 },
  async () => {
    const token = await tokenFor(['source.read', 'source.write', 'service.read'])
    expect(said(await git('front', 'push', remote('front', token), 'HEAD:preview/quiet'))).toEqual([
      'preview/quiet was pushed, but not deployed: you may not create environments and deploy. Ask an admin of the team for the role developer.',
    ])
    expect((await previews()).map(({ branch }) => branch)).not.toContain('preview/quiet')
    expect(await git('front', 'ls-remote', 'origin', 'preview/quiet')).toContain('refs/heads/preview/quiet')
    await expect(git('front', 'push', 'origin', 'HEAD:preview/über')).rejects.toThrow(
      'the names of previews are letters, digits and . _ + -',
    )
  },
)

test(
  'a branch that an environment is bound to is deployed there, and the push says where',
  { timeout: 60_000 },
  async () => {
    await change('back', 'Main')
    const [head] = said(await git('back', 'push', 'origin', 'HEAD:main'))
    expect(head).toMatch(/^Deploying back [0-9a-f]{7} to production:$/)
    await expectLive('production', 'back', 'Main')
  },
)
