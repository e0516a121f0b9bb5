import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeployDocument, Shell } from '#e2e/stack/command.ts'
import { hello } from '#e2e/stack/programs.ts'
import { startStand, type Stand } from './testing/stand.ts'

/** Two teams, each with a shell of its own. */
let stand: Stand
let owner: Shell
let other: Shell
const password = 'a fine password'

beforeAll(async () => {
  ;[stand, owner, other] = await Promise.all([startStand(), Shell.anywhere(), Shell.anywhere()])
  await stand.web.setup.run(stand.setupCode, { email: 'ada@example.com', name: 'Ada', password })
  const nina = await stand.web.people.create({ email: 'nina@example.com', name: 'Nina', password, operator: false })
  await stand.as(await stand.viewerOf(nina)).teams.create({ name: 'web' })
  for (const [shell, email] of [
    [owner, 'ada@example.com'],
    [other, 'nina@example.com'],
  ] as const) {
    await shell.json(['login', '--url', stand.settings.url, '--email', email, '--password-stdin'], { input: password })
  }
}, 90_000)
afterAll(async () => {
  await Promise.all([stand, owner, other].map((one) => one[Symbol.asyncDispose]()))
}, 60_000)

const changed = {
  'index.ts':
    hello()
      ['index.ts']?.replace('response: z.object({ message: z.string() })', 'response: z.object({ text: z.string() })')
      .replace('({ message:', '({ text:') ?? '',
}
const deploy = async (files: Record<string, string>) =>
  owner.m3o(['deploy', await owner.write('tariff', files), '--service', 'tariff'])

test(
  'from a shell: ask, approve, call, be warned and told, deprecate, fork and follow',
  { timeout: 120_000 },
  async () => {
    expect((await deploy(hello())).code).toBe(0)
    await owner.json(['share', 'tariff', '--platform', '--approval', '--per-minute', '500', '--source', 'anyone'])
    await owner.json(['describe', 'tariff', '--tags', 'money, parcels', '--contact', '#tariff'])
    const refused = await other.m3o(['call', '@demo/tariff', 'Hello', '--name', 'x'])
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('requires approval') as string })
    expect(refused.stderr).toContain('m3o consumer ask')
    await other.json(['consumer', 'ask', '@demo/tariff', '--reason', 'to price parcels'])
    expect((await owner.m3o(['changes'])).stdout).toContain('web asks to call tariff: to price parcels')
    await owner.json(['consumer', 'approve', 'tariff', 'web', '-m', 'welcome'])
    expect(await other.json(['call', '@demo/tariff', 'Hello', '--name', 'x'])).toEqual({ message: 'Hello x' })
    expect((await other.m3o(['status', '@demo/tariff'])).stdout).toMatch(/access +approved/)
    await expect
      .poll(
        async () =>
          (await owner.json<{ team: string; requests: number; state: string }[]>(['consumers', 'tariff'])).find(
            ({ team }) => team === 'web',
          ),
        { timeout: 20_000 },
      )
      .toMatchObject({ requests: 1, state: 'approved' })

    const warned = await deploy(changed)
    expect(warned).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('warning: a change of its endpoints breaks what callers rely on') as string,
    })
    expect(warned.stderr).toContain('Hello: the response no longer has message (called by members of web)')
    // What a program reads is as it was.
    expect(
      Object.keys(
        await owner.json<DeployDocument>(['deploy', await owner.write('tariff', hello('Hi')), '--service', 'tariff']),
      ),
    ).toEqual(['service', 'environment', 'revision', 'deployment', 'outcome', 'durationMs', 'phases'])

    const said = await owner.m3o(['deprecate', 'tariff', '-m', 'See tariff-2', '--sunset', '2031-01-31'])
    expect(said).toMatchObject({ code: 0, stderr: expect.stringContaining('members of web') as string })
    expect((await owner.m3o(['deprecate', 'tariff'])).code).toBe(2)
    await other.json(['follow', '@demo/tariff'])
    const news = (await other.m3o(['changes'])).stdout
    expect(news).toContain('! @demo/tariff is deprecated: See tariff-2. It stops on 2031-01-31.')
    expect(news).toContain('Hello: the response no longer has message')
    expect(await other.json(['fork', '@demo/tariff', 'own-tariff'])).toMatchObject({
      service: 'own-tariff',
      team: 'web',
    })
    expect((await other.m3o(['status', 'own-tariff'])).stdout).toContain('from @demo/tariff at')
    const narrowed = await owner.m3o(['share', 'tariff', '--team-only', '--no-approval'])
    expect(narrowed).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('These callers lose access:') as string,
    })
    const deleted = await owner.m3o(['service', 'delete', 'tariff', '--yes'])
    expect(deleted).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('This would break calls from:') as string,
    })
    expect((await other.m3o(['changes'])).stdout).toContain('@demo/tariff was deleted')
  },
)
