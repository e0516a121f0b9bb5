/**
 * What every engine must do, checked with real programs, the misbehaving ones among them. An engine's own test calls
 * `conformance` with a way to make one; what only that engine promises is tested beside it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine, ExecSession, Exit, InstanceSpec, Placement } from './engine.ts'

export interface Bench {
  engine: Engine
  /** An empty folder for logs and data. */
  folder: string
  gatewayPort: number
  /** Lets go of the engine and opens another on the same home. */
  reopen(): Promise<Engine>
  destroy(): Promise<void>
}

export const programs = fileURLToPath(new URL('../../fixtures/programs', import.meta.url))
export const patient = 30_000
let count = 0

export function specOf(
  bench: Pick<Bench, 'folder'>,
  command: string[],
  more: Partial<InstanceSpec> = {},
): InstanceSpec {
  const id = `i${++count}-${process.pid}`
  const port = 7000 + count
  return {
    id,
    port,
    command,
    teamId: 'team_one',
    serviceId: 'svc_one',
    environmentId: 'env_one',
    name: 'hello',
    sourceDir: programs,
    env: {},
    limits: { memoryMiB: 256, cpu: 1, pids: 64 },
    logDir: `${bench.folder}/logs/${id}`,
    ...more,
  }
}

/** An instance of fixtures/programs/serve.mjs that answers. */
export async function serve(bench: Bench, more: Partial<InstanceSpec> = {}): Promise<Placement> {
  const spec = specOf(bench, ['node', 'serve.mjs'], more)
  const { instanceAddress } = await bench.engine.prepare(spec)
  const placement = await bench.engine.start({
    ...spec,
    env: { PORT: String(spec.port), HOST: instanceAddress, ...spec.env },
  })
  await eventually(() => ask(placement, '/'))
  return placement
}

export async function ask<T>(
  { address, port }: Placement,
  path: string,
  query: Record<string, string> = {},
): Promise<T> {
  const response = await fetch(`http://${address}:${port}${path}?${new URLSearchParams(query)}`)
  return (await response.json()) as T
}

export async function eventually<T>(attempt: () => T | Promise<T>): Promise<T> {
  const deadline = Date.now() + 15_000
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

export function exitsOf(engine: Engine): { of: (id: string) => Promise<Exit>; all: Exit[] } {
  const all: Exit[] = []
  engine.watch((exit) => all.push(exit))
  const of = (id: string) =>
    eventually(() => all.find((exit) => exit.id === id) ?? Promise.reject(new Error(`${id} has not ended`)))
  return { of, all }
}

export async function textOf(session: ExecSession): Promise<{ out: string; err: string; exitCode: number | null }> {
  const read = async (stream: AsyncIterable<Buffer>) => {
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }
  const [out, err, { exitCode }] = await Promise.all([read(session.stdout), read(session.stderr), session.exited])
  return { out, err, exitCode }
}

export function conformance(kind: string, open: () => Promise<Bench>): void {
  describe(`the ${kind} engine`, { timeout: patient }, () => {
    let bench: Bench
    let exits: ReturnType<typeof exitsOf>
    beforeAll(async () => {
      bench = await open()
      exits = exitsOf(bench.engine)
    }, patient)
    afterAll(() => bench.destroy(), patient)

    const run = async (command: string[], more: Partial<InstanceSpec> = {}) => {
      const placement = await bench.engine.start(specOf(bench, command, more))
      return {
        placement,
        id: placement.id,
        out: () => readFileSync(placement.logs.stdout),
        err: () => readFileSync(placement.logs.stderr, 'utf8'),
      }
    }

    test('runs a service where it says, with its own copy of the source and nothing written back', async () => {
      const service = await serve(bench)
      expect(await ask(service, '/')).toBe('hello')
      expect(bench.engine.list().map((each) => each.id)).toContain(service.id)
      await ask(service, '/write', { path: '/app/written', text: 'mine' })
      expect(await ask(service, '/read', { path: '/app/written' })).toBe('mine')
      expect(() => readFileSync(`${programs}/written`)).toThrow()
      await bench.engine.remove(service.id)
      await expect(ask(service, '/')).rejects.toThrow()
    })

    test('gives a service its own environment, to the letter, and none of the machine’s', async () => {
      const odd = { QUOTES: `it's "so" $(id) \`id\` \\`, LINES: 'one\ntwo\n', EMPTY: '', UTF8: 'žluťoučký 🐎' }
      const service = await serve(bench, { env: { ...odd, LD_PRELOAD: '/app/none.so', NODE_OPTIONS: '--no-warnings' } })
      const env = await ask<Record<string, string>>(service, '/env')
      expect(env).toMatchObject(odd)
      expect(Object.keys(env).sort()).toEqual(
        [...Object.keys(odd), 'HOME', 'HOST', 'LD_PRELOAD', 'NODE_OPTIONS', 'PATH', 'PORT', 'TMPDIR'].sort(),
      )
      expect(env.NODE_OPTIONS).toMatch(/^--no-warnings --max-old-space-size=\d+$/)
      await bench.engine.remove(service.id)
    })

    test('refuses a variable that a shell would not take as it is', async () => {
      for (const name of ['A-B', 'A;id', '', 'OPTIND', 'X=Y']) {
        await expect(run(['true'], { env: { [name]: 'x' } })).rejects.toMatchObject({ code: 'bad_request' })
      }
    })

    test('reports the exit code of a service that crashes at boot, once, and keeps what it printed', async () => {
      const { id, out, err } = await run(['node', 'crash.mjs'])
      expect(await exits.of(id)).toMatchObject({ exitCode: 3, signal: null, oom: false, stopped: false })
      expect(out().toString()).toBe('starting\n')
      expect(err()).toBe('cannot reach the database\n')
      expect(exits.all.filter((exit) => exit.id === id)).toHaveLength(1)
      expect(bench.engine.list().map((each) => each.id)).not.toContain(id)
      await bench.engine.remove(id)
    })

    test('says 127 for a command that does not exist, and ends one that never listens like any other', async () => {
      const missing = await run(['no-such-command'])
      expect(await exits.of(missing.id)).toMatchObject({ exitCode: 127 })
      const silent = await run(['node', 'silent.mjs'])
      await eventually(() => expect(silent.out().toString()).toBe('running\n'))
      await bench.engine.stop(silent.id, { graceMs: 5000 })
      expect(await exits.of(silent.id)).toMatchObject({ exitCode: 143, signal: 'SIGTERM', stopped: true })
    })

    test('lets a service finish when it is stopped, also behind a shell', async () => {
      const { id, out } = await run(['sh', '-c', 'node drains.mjs; echo never'])
      await eventually(() => expect(out().toString()).toBe('running\n'))
      await bench.engine.stop(id, { graceMs: 10_000 })
      expect(out().toString()).toContain('drained')
      expect(await exits.of(id)).toMatchObject({ stopped: true })
    })

    test('ends a service that ignores SIGTERM at its deadline', async () => {
      const { id, out } = await run(['node', 'deaf.mjs'])
      await eventually(() => expect(out().toString()).toContain('running'))
      const started = Date.now()
      await bench.engine.stop(id, { graceMs: 400 })
      expect(Date.now() - started).toBeLessThan(3000)
      expect(out().toString()).toContain('ignoring SIGTERM')
      expect(await exits.of(id)).toMatchObject({ exitCode: 137, signal: 'SIGKILL', oom: false, stopped: true })
      await bench.engine.stop(id, { graceMs: 400 })
    })

    test('ends what a service leaves behind', async () => {
      const { id } = await run(['node', 'leaves-child.mjs'])
      expect(await exits.of(id)).toMatchObject({ exitCode: 4 })
      expect(await bench.engine.stats([id])).toEqual(new Map())
    })

    test('stops one that eats memory, says why, and leaves its neighbour alone', async () => {
      const neighbour = await serve(bench)
      const { id } = await run(['node', 'hungry.mjs'], { limits: { memoryMiB: 96, cpu: 1, pids: 64 } })
      expect(await exits.of(id)).toMatchObject({ exitCode: 137, signal: 'SIGKILL', oom: true, stopped: false })
      expect(await ask(neighbour, '/')).toBe('hello')
      await bench.engine.remove(neighbour.id)
    })

    test('holds one that forks without end to its number of processes, and ends all of them', async () => {
      const { id } = await run(['node', 'forks.mjs'], { limits: { memoryMiB: 256, cpu: 0.3, pids: 40 } })
      await eventually(async () => expect((await bench.engine.stats([id])).get(id)?.pids).toBeGreaterThanOrEqual(39))
      await bench.engine.stop(id, { graceMs: 100 })
      expect(await exits.of(id)).toMatchObject({ stopped: true })
    })

    test('writes every byte of a flood, and bytes that are no text, to the log', async () => {
      const flood = await run(['node', 'flood.mjs', '20000'])
      const binary = await run(['node', 'binary.mjs'])
      expect(await exits.of(flood.id)).toMatchObject({ exitCode: 0 })
      const lines = flood.out().toString().split('\n')
      expect(lines).toHaveLength(20_001)
      expect(lines[19_999]).toMatch(/^line 20000 x+$/)
      await exits.of(binary.id)
      expect([...binary.out()]).toEqual(Array.from({ length: 256 }, (_, index) => index))
    })

    test('lets a service write to /dev/stderr and remember things in /data', async () => {
      const dataDir = `${bench.folder}/data`
      const first = await run(['sh', '-c', 'echo kept >/data/file; echo words >/dev/stderr'], { dataDir })
      expect(await exits.of(first.id)).toMatchObject({ exitCode: 0 })
      expect(first.err()).toBe('words\n')
      const second = await run(['cat', '/data/file'], { dataDir })
      await exits.of(second.id)
      expect(second.out().toString()).toBe('kept\n')
    })

    test('runs a job to its end with folders to leave its results in', async () => {
      const results = `${bench.folder}/results`
      const modulesDir = `${bench.folder}/modules`
      mkdirSync(`${modulesDir}/lib`, { recursive: true })
      writeFileSync(`${modulesDir}/lib/index.js`, 'module.exports = 42')
      const command = ['node', '-e', `require('fs').writeFileSync('/out/deep/answer', String(require('lib')))`]
      const job = await run(command, {
        job: true,
        port: 0,
        modulesDir,
        binds: [{ host: results, inside: '/out/deep', writable: true }],
      })
      expect(await exits.of(job.id)).toMatchObject({ exitCode: 0 })
      expect(readFileSync(`${results}/answer`, 'utf8')).toBe('42')
    })

    test('measures what an instance uses', async () => {
      const service = await serve(bench)
      const usage = (await bench.engine.stats([service.id, 'unknown'])).get(service.id)
      expect(usage?.memoryBytes).toBeGreaterThan(5 * 2 ** 20)
      expect(usage?.cpuMs).toBeGreaterThan(10)
      expect(usage?.pids).toBeGreaterThan(3)
      await bench.engine.remove(service.id)
    })

    test('runs a command beside a service: its input, both outputs, its exit code', async () => {
      const service = await serve(bench, { env: { SECRET: 'only-here' } })
      const session = await bench.engine.exec(service.id, {
        command: ['sh', '-c', 'cat; echo "$SECRET $MORE"; echo bad >&2; pwd; exit 7'],
        env: { MORE: 'and this' },
      })
      session.write('typed\n')
      session.end()
      expect(await textOf(session)).toEqual({ out: 'typed\nonly-here and this\n/app\n', err: 'bad\n', exitCode: 7 })
      await bench.engine.remove(service.id)
    })

    test('opens a terminal beside a service, which resizes, interrupts and takes its background jobs along', async () => {
      const service = await serve(bench)
      const session = await bench.engine.exec(service.id, { tty: { cols: 90, rows: 20 } })
      let screen = ''
      session.stdout.on('data', (data: Buffer) => (screen += data.toString()))
      session.write('tty; stty size\r')
      await eventually(() => expect(screen).toMatch(/\/dev\/pts\/\d+\s+20 90/))
      session.resize({ cols: 101, rows: 33 })
      session.write('stty size\r')
      await eventually(() => expect(screen).toContain('33 101'))
      session.write('sleep 987 &\r')
      session.write('sleep 986\r')
      const processes = () => ask<string[]>(service, '/processes')
      await eventually(async () =>
        expect((await processes()).filter((each) => each.startsWith('sleep'))).toHaveLength(2),
      )
      session.write('\x03')
      await eventually(async () =>
        expect((await processes()).filter((each) => each.startsWith('sleep'))).toHaveLength(1),
      )
      session.write('exit 5\r')
      expect(await session.exited).toEqual({ exitCode: 5 })
      expect((await processes()).filter((each) => each.startsWith('sleep'))).toEqual([])
      await bench.engine.remove(service.id)
    })

    test('holds one back until it is released, then it is like any other, with the source of then', async () => {
      const spec = specOf(bench, ['node', 'waits.mjs'], { held: { preload: [] } })
      const { instanceAddress } = await bench.engine.prepare(spec)
      const placement = await bench.engine.start({
        ...spec,
        env: { PORT: String(spec.port), HOST: instanceAddress, KEPT: 'yes', WORD: 'before' },
      })
      await expect(ask(placement, '/')).rejects.toThrow()
      const sourceDir = `${bench.folder}/next`
      const buildDir = `${bench.folder}/next-build`
      for (const folder of [sourceDir, buildDir]) mkdirSync(folder)
      writeFileSync(
        `${sourceDir}/serve.mjs`,
        readFileSync(`${programs}/serve.mjs`, 'utf8').replaceAll("'hello'", "'the next'"),
      )
      writeFileSync(`${buildDir}/compiled.js`, 'compiled')
      await bench.engine.release(spec.id, { sourceDir, buildDir, env: { WORD: 'after' } })
      await eventually(async () => expect(await ask(placement, '/')).toBe('the next'))
      expect(await ask(placement, '/env')).toMatchObject({ KEPT: 'yes', WORD: 'after' })
      expect(await ask(placement, '/read', { path: '/m3o/build/compiled.js' })).toBe('compiled')
      await expect(bench.engine.release(spec.id, { sourceDir, env: {} })).rejects.toMatchObject({
        code: 'start_failed',
      })
      await bench.engine.remove(spec.id)
    })

    test('has nothing left of a held one whose runtime ended', async () => {
      const { id } = await run(['node', 'waits.mjs'], { held: { preload: [] } })
      await bench.engine.close()
      const engine = await bench.reopen()
      exits = exitsOf(engine)
      expect(await exits.of(id)).toMatchObject({ stopped: false })
      expect(engine.list().map((each) => each.id)).not.toContain(id)
      await engine.remove(id)
    })

    test('takes instances over from an engine that let go, and hears of those that ended meanwhile', async () => {
      const stays = await serve(bench)
      const ends = await serve(bench)
      await bench.engine.close()
      await ask(ends, '/exit', { code: '9' }).catch(() => {})
      const engine = await bench.reopen()
      exits = exitsOf(engine)
      expect(engine.list().map((each) => each.id)).toContain(stays.id)
      expect(await ask(stays, '/')).toBe('hello')
      expect(await exits.of(ends.id)).toMatchObject({ exitCode: 9 })
      await ask(stays, '/exit', { code: '11' }).catch(() => {})
      expect(await exits.of(stays.id)).toMatchObject({ exitCode: 11 })
    })

    test('ends and forgets all that the runtime does not know', async () => {
      const known = await serve(bench)
      const unknown = await serve(bench)
      await bench.engine.keepOnly(new Set([known.id]))
      expect(bench.engine.list().map((each) => each.id)).toEqual([known.id])
      await expect(ask(unknown, '/')).rejects.toThrow()
      await bench.engine.keepOnly(new Set())
      expect(bench.engine.list()).toEqual([])
    })
  })
}
