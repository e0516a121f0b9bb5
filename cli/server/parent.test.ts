import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answersHealth } from './health.ts'
import { isGone, isRunning, signalTo } from './identity.ts'
import { readOutcome } from './outcome-file.ts'
import { readPidFile } from './pid-file.ts'

const script = join(import.meta.dirname, 'fixtures/parent.ts')
const names = ['runtime', 'gateway', 'web', 'postgres'] as const

/** The real parent on a home of its own, with stand-ins for the platform's processes. Ends all of it with the test. */
async function installation(settings: Record<string, string> = {}, entries: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-parent-'))
  const home = join(folder, 'home')
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NODE_ENV: 'test' as const,
    M3O_HOME: home,
    M3O_PORT: '0',
    M3O_GATEWAY_PORT: '0',
    ...settings,
  }
  const record = (name: string) => readPidFile(join(home, 'run', `${name}.pid`))
  const start = (more: Record<string, string> = {}, others = entries) =>
    new Run(
      spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(others)], {
        env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      }),
    )
  return {
    home,
    start,
    record,
    pid: (name: string) => record(name)?.pid,
    events: () =>
      existsSync(join(home, 'events')) ? readFileSync(join(home, 'events'), 'utf8').trim().split('\n') : [],
    [Symbol.asyncDispose]: async () => {
      for (const name of ['parent', ...names]) {
        const left = record(name)
        if (left === undefined) continue
        signalTo(left, 'SIGKILL')
        await isGone(left, 5_000)
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

class Run {
  output = ''
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  constructor(child: ChildProcess) {
    this.child = child
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (this.output += String(data)))
    this.ended = new Promise((resolve) => child.once('close', resolve))
  }
  async ready(times = 1): Promise<void> {
    await expect
      .poll(() => this.output.split('M3O is ready: ').length - 1, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(times)
  }
}

test(
  'it says where it is, with the set-up link while nobody owns it, and stops all in order',
  { timeout: 60_000 },
  async () => {
    await using m3o = await installation()
    const run = m3o.start()
    await run.ready()
    expect(run.output).toMatch(
      /http:\/\/127\.0\.0\.1:\d+\/setup\?code=[0-9a-f]{32}\nM3O is ready: http:\/\/127\.0\.0\.1:\d+\n$/,
    )
    const left = names.map((name) => m3o.record(name))
    expect(left.every((record) => record !== undefined && isRunning(record))).toBe(true)

    const asked = performance.now()
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGTERM'] as const) run.child.kill(signal)
    expect(await run.ended).toBe(0)
    expect(performance.now() - asked).toBeLessThan(10_000)
    expect(m3o.events().slice(3)).toEqual(['web stop', 'runtime shutdown', 'runtime stop', 'gateway stop'])
    expect(left.filter((record) => record !== undefined && isRunning(record))).toEqual([])
    expect(names.filter((name) => existsSync(join(m3o.home, 'run', `${name}.pid`)))).toEqual([])
  },
)

test('whatever dies is back within two seconds, Postgres too', { timeout: 60_000 }, async () => {
  await using m3o = await installation()
  const run = m3o.start()
  await run.ready()
  for (const name of names) {
    const before = m3o.record(name)
    if (before === undefined) throw new Error(`${name} does not run`)
    const died = performance.now()
    signalTo(before, 'SIGKILL')
    await expect
      .poll(
        () => {
          const now = m3o.pid(name)
          return now !== undefined && now !== before.pid
        },
        { timeout: 10_000, interval: 20 },
      )
      .toBe(true)
    // Postgres is only back when it has recovered, which is a matter of the disk.
    if (name !== 'postgres') expect(performance.now() - died).toBeLessThan(2_000)
  }
  run.child.kill('SIGTERM')
  expect(await run.ended).toBe(0)
})

test('when the parent is killed the rest carry on, and the next start adopts them', { timeout: 60_000 }, async () => {
  await using m3o = await installation()
  const first = m3o.start()
  await first.ready()
  const before = names.map((name) => m3o.pid(name))
  first.child.kill('SIGKILL')
  await first.ended
  expect(await answersHealth({ socketPath: join(m3o.home, 'run/runtime.sock') })).toBe(true)

  const second = m3o.start()
  await second.ready()
  expect(names.map((name) => m3o.pid(name))).toEqual(before)

  const third = m3o.start()
  expect(await third.ended).toBe(1)
  expect(third.output).toMatch(/^error: M3O is already running on [^\n]*\n$/)

  // What was adopted is watched as well, and stopped.
  const web = m3o.record('web')
  if (web !== undefined) signalTo(web, 'SIGKILL')
  await expect
    .poll(
      () => {
        const now = m3o.pid('web')
        return now !== undefined && now !== web?.pid
      },
      { timeout: 2_000, interval: 20 },
    )
    .toBe(true)
  second.child.kill('SIGTERM')
  expect(await second.ended).toBe(0)
  expect(m3o.events()).toContain('runtime shutdown')
})

test(
  'SIGHUP restarts the platform as the same process, again and again, and leaves Postgres and the services alone',
  { timeout: 60_000 },
  async () => {
    await using m3o = await installation()
    const run = m3o.start()
    await run.ready()
    const kept = [run.child.pid, m3o.pid('postgres')]
    for (const time of [2, 3]) {
      const replaced = [m3o.pid('runtime'), m3o.pid('gateway'), m3o.pid('web')]
      run.child.kill('SIGHUP')
      run.child.kill('SIGHUP')
      await run.ready(time)
      expect([m3o.pid('parent'), m3o.pid('postgres')]).toEqual(kept)
      for (const name of ['runtime', 'gateway', 'web']) expect(replaced).not.toContain(m3o.pid(name))
      expect(m3o.record('parent')?.stamp).not.toBe('')
    }
    expect(m3o.events()).not.toContain('runtime shutdown')
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(0)
    expect(m3o.events().slice(-4)).toEqual(['web stop', 'runtime shutdown', 'runtime stop', 'gateway stop'])
  },
)

test(
  'after a kill, what is started of another release lets the gateway carry calls until its own does; when it cannot start, for good',
  { timeout: 60_000 },
  async () => {
    await using m3o = await installation()
    const first = m3o.start()
    await first.ready()
    const gateway = m3o.record('gateway')
    if (gateway === undefined) throw new Error('gateway does not run')
    first.child.kill('SIGKILL')
    await first.ended

    // Another setting stands for other code: both are in the stamp.
    const failing = m3o.start({ M3O_LOG_LEVEL: 'warn' }, { runtime: join(import.meta.dirname, 'fixtures/broken.ts') })
    expect(await failing.ended).toBe(1)
    expect(failing.output).toMatch(/the console is broken/)
    expect(m3o.record('gateway')).toBeDefined()
    expect(readOutcome(m3o.home)).toMatchObject({ failure: expect.stringMatching(/the console is broken/) })
    const second = m3o.start({ M3O_LOG_LEVEL: 'warn' })
    await second.ready()
    expect(m3o.pid('gateway')).not.toBe(gateway.pid)
    expect(isRunning(gateway)).toBe(false)
    const stopped = m3o.events().lastIndexOf('gateway stop')
    expect(m3o.events().lastIndexOf('gateway start')).toBeLessThan(stopped)
    second.child.kill('SIGTERM')
    expect(await second.ended).toBe(0)
  },
)

test(
  'nothing of ours and of the shell can be read from a process list, and gateway does not get the database',
  { timeout: 60_000 },
  async () => {
    await using m3o = await installation({
      M3O_ADMIN_EMAIL: 'a@example.com',
      M3O_ADMIN_PASSWORD: 'correct horse',
      STRAY: 'of the shell',
    })
    const run = m3o.start()
    await run.ready()
    expect(run.output).not.toContain('/setup?code=')
    const environments = Object.fromEntries(
      ['runtime', 'gateway', 'web'].map((name) => [name, readFileSync(`/proc/${m3o.pid(name)}/environ`, 'utf8')]),
    )
    for (const name of names)
      expect(readFileSync(`/proc/${m3o.pid(name)}/cmdline`, 'utf8')).not.toMatch(/horse|DATABASE/)
    expect(environments['web']).toContain('correct horse')
    expect(environments['runtime']).not.toMatch(/horse|STRAY/)
    expect(environments['gateway']).not.toMatch(/horse|STRAY|M3O_DATABASE/)
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(0)
  },
)

test('what cannot be is one clear line and exit code 1', { timeout: 60_000 }, async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const address = taken.address()
  const port = String(typeof address === 'object' ? address?.port : 0)
  const file = join(await mkdtemp(join(tmpdir(), 'm3o-file-')), 'file')
  writeFileSync(file, '')
  const cases: [Record<string, string>, RegExp][] = [
    [{ M3O_PORT: port }, /port \d+ is in use.*M3O_PORT/],
    [{ M3O_GATEWAY_PORT: port }, /port \d+ is in use.*M3O_GATEWAY_PORT/],
    [{ M3O_HOME: join(file, 'home') }, /M3O_HOME .* is not writable/],
    [{ M3O_HOME: '/proc/nothing' }, /M3O_HOME .* is not writable/],
    [
      { DATABASE_URL: `postgres://u:secret@127.0.0.1:1/m3o` },
      /cannot use the database in DATABASE_URL \(127\.0\.0\.1:1\/m3o\): connection refused/,
    ],
    [{ M3O_ENGINE: 'vm' }, /M3O_ENGINE/],
  ]
  for (const [settings, line] of cases) {
    await using m3o = await installation(settings)
    const run = m3o.start()
    expect(await run.ended).toBe(1)
    expect(run.output).toMatch(/^error: [^\n]+\n$/)
    expect(run.output).toMatch(line)
    expect(run.output).not.toContain('secret')
  }
  taken.close()
  await rm(join(file, '..'), { recursive: true })
})

test('a part that never starts is said with its reason, and nothing stays behind', { timeout: 60_000 }, async () => {
  await using m3o = await installation({}, { web: join(import.meta.dirname, 'fixtures/broken.ts') })
  const run = m3o.start()
  expect(await run.ended).toBe(1)
  expect(run.output).toMatch(/error: web does not start: Error: the console is broken \(see .*web\.log\)\n$/)
  expect(['parent', ...names].filter((name) => m3o.record(name) !== undefined)).toEqual([])
})

test(
  'what answers nothing any more, while it keeps a processor busy, is killed and back',
  { timeout: 60_000 },
  async () => {
    await using m3o = await installation({ TEST_HANG_MS: '500' })
    const run = m3o.start()
    await run.ready()
    const before = m3o.pid('runtime')
    await new Promise((resolve) =>
      request({ socketPath: join(m3o.home, 'run/runtime.sock'), path: '/hang', agent: false }, (answer) =>
        answer.resume().once('close', resolve),
      )
        .on('error', resolve)
        .end(),
    )
    await expect
      .poll(() => m3o.pid('runtime') !== before && answersHealth({ socketPath: join(m3o.home, 'run/runtime.sock') }), {
        timeout: 30_000,
      })
      .toBe(true)
    expect(run.output).toContain(
      'runtime did not respond for 1 s while it kept a processor busy: it is killed and restarted',
    )
    expect(m3o.events().filter((event) => event === 'gateway start')).toHaveLength(1)
  },
)
