import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../engines/engine.ts'
import { readOperatorRegistry } from '../engines/operator-registry.ts'
import { openProcessEngine, uninstallProcessEngine } from '../engines/process/process-engine.ts'
import { openBuilds, type Build, type Builds, type BuildsOptions } from './builds.ts'
import { trustOf, type Trust } from './trust.ts'

/*
 * Real tools in the real sandbox. What is installed comes from the registry that the machine uses; packages are small
 * and without dependencies. Where no registry is reached these tests say so and are left out.
 */

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const registry = await readOperatorRegistry()
const reachable = (url: string) =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
const [hasNpm, hasPyPI] = await Promise.all([
  reachable(`${(registry.env.npm_config_registry ?? 'https://registry.npmjs.org').replace(/\/$/, '')}/ms`),
  reachable('https://pypi.org/simple/six/'),
])
const minute = 60_000

let home: string
let engine: Engine
let builds: Builds
const options = (more: Partial<BuildsOptions> = {}): BuildsOptions => ({
  home,
  engine,
  registry,
  log: { info: () => {}, warn: () => {} },
  ...more,
})

beforeAll(async () => {
  home = mkdtempSync(`${tmpdir()}/m3o-builds-`)
  engine = await openProcessEngine({ home, gatewayPort: 18_090, checkout, permitted: registry.permitted })
  builds = await openBuilds(options())
}, minute)

afterAll(async () => {
  await engine.keepOnly(new Set())
  await engine.destroyTeamNetworks()
  await engine.close()
  await uninstallProcessEngine(home)
  rmSync(home, { recursive: true, force: true })
}, minute)

type Files = Record<string, string>
interface Asked {
  teamId?: string
  trust?: Trust
  signal?: AbortSignal
  from?: Builds
}
const shared = (teamId: string) => trustOf([{ id: 'e_1', teamId, kind: 'production', protection: null }])
interface Made {
  build: Build
  lines: string[]
  exports: number
}

const server = "require('node:http').createServer((_, response) => response.end('ok')).listen(process.env.PORT)\n"
const asJson = (value: object) => JSON.stringify(value)

/** Builds some files as a revision's would be; what the tools said comes with it, also on the error. */
async function make(
  files: Files,
  { teamId = 'team_one', trust = shared(teamId), signal, from = builds }: Asked = {},
): Promise<Made> {
  const lines: string[] = []
  let exports = 0
  const treeHash = createHash('sha1').update(asJson(files)).digest('hex')
  const build = await from
    .build({
      teamId,
      trust,
      serviceId: 's_1',
      environmentId: 'e_1',
      name: 'hello',
      treeHash,
      onLine: (line) => lines.push(line),
      ...(signal && { signal }),
      exportTree: async (into) => {
        exports += 1
        for (const [path, text] of Object.entries(files)) {
          await mkdir(dirname(join(into, path)), { recursive: true })
          await writeFile(join(into, path), text)
        }
        return { skipped: [] }
      },
    })
    .catch((error: unknown) => {
      throw Object.assign(error as object, { lines })
    })
  return { build, lines, exports }
}

const installs = (lines: readonly string[]) => lines.filter((line) => line.startsWith('installing dependencies'))
const wants = (dependencies: Record<string, string>, more: object = {}) =>
  asJson({ name: 'x', private: true, dependencies, ...more })

test(
  'the same files are built once, however many ask at once, and for each team by itself',
  async () => {
    const files = { 'index.js': server, 'm3o.json': asJson({ build: 'echo built >> built.txt; cat built.txt' }) }
    const [one, two] = await Promise.all([make(files), make(files)])
    expect(one.exports + two.exports).toBe(1)
    expect(two.build).toEqual(one.build)
    expect([one, two].map(({ lines }) => lines)).toEqual([
      ['building: echo built >> built.txt; cat built.txt', 'built'],
      ['building: echo built >> built.txt; cat built.txt', 'built'],
    ])
    expect(await readFile(join(one.build.sourceDir, 'built.txt'), 'utf8')).toBe('built\n')
    expect(await make(files)).toMatchObject({ exports: 0, lines: [], build: { id: one.build.id } })
    const other = await make(files, { teamId: 'team_two' })
    expect([other.exports, other.build.id === one.build.id]).toEqual([1, false])
  },
  minute,
)

test(
  'a build that fails says which command, its code and its last lines; nothing of it is left',
  async () => {
    const error = await make({
      'index.js': server,
      'm3o.json': asJson({
        build: 'for n in $(seq 300); do echo line $n; done; echo "error: no such table" >&2; exit 3',
      }),
    }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      code: 'build_failed',
      message: expect.stringMatching(/exited with code 3: error: no such table/),
      data: { exitCode: 3 },
    })
    const { data, lines } = error as { data: { lines: string[] }; lines: string[] }
    expect(data.lines).toHaveLength(50)
    expect(lines.filter((line) => line.startsWith('line '))).toHaveLength(300)
    expect((await readdir(join(home, 'builds'))).filter((name) => name.startsWith('.making'))).toEqual([])
  },
  minute,
)

test(
  'a build is ended when nobody waits for it any more, and not before',
  async () => {
    const files = { 'index.js': server, 'm3o.json': asJson({ build: 'while sleep 0.1; do echo goes on; done' }) }
    const [first, second] = [new AbortController(), new AbortController()]
    const [begun, joined] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const watch = builds.build({
      teamId: 'team_one',
      trust: shared('team_one'),
      serviceId: 's_1',
      environmentId: 'e_1',
      name: 'hello',
      treeHash: 'f'.repeat(40),
      signal: first.signal,
      onLine: (line) => {
        if (line === 'goes on') begun.resolve()
      },
      exportTree: async (into) => {
        await mkdir(into)
        for (const [path, text] of Object.entries(files)) await writeFile(join(into, path), text)
        return { skipped: [] }
      },
    })
    watch.catch(() => {})
    await begun.promise
    const other = builds.build({
      teamId: 'team_one',
      trust: shared('team_one'),
      serviceId: 's_1',
      environmentId: 'e_1',
      name: 'hello',
      treeHash: 'f'.repeat(40),
      signal: second.signal,
      onLine: (line) => {
        if (line === 'goes on') joined.resolve()
      },
      exportTree: () => Promise.reject(new Error('it is there already')),
    })
    other.catch(() => {})
    await joined.promise
    first.abort(new Error('one is gone'))
    await expect(watch).rejects.toThrow('one is gone')
    await expect(Promise.race([other, new Promise((resolve) => setImmediate(resolve, 'goes on'))])).resolves.toBe(
      'goes on',
    )
    second.abort(new Error('both are gone'))
    await expect(other).rejects.toThrow('both are gone')
    // Who asks while it is being ended does not share its end.
    const third = new AbortController()
    const again = builds.build({
      teamId: 'team_one',
      trust: shared('team_one'),
      serviceId: 's_1',
      environmentId: 'e_1',
      name: 'hello',
      treeHash: 'f'.repeat(40),
      signal: third.signal,
      exportTree: () => Promise.reject(new Error('begun anew')),
    })
    await expect(again).rejects.toThrow('begun anew')
    await expect
      .poll(async () => (await readdir(join(home, 'cache/jobs')).catch(() => [])).length, { timeout: 15_000 })
      .toBe(0)
  },
  minute,
)

test(
  'a build that takes too long, or too much memory, is ended and says so',
  async () => {
    const impatient = await openBuilds(options({ limits: { deadlineMs: 1_500, memoryMiB: 128 } }))
    await expect(
      make({ 'index.js': server, 'm3o.json': asJson({ build: 'echo waiting; sleep 600' }) }, { from: impatient }),
    ).rejects.toMatchObject({
      code: 'build_failed',
      message: expect.stringMatching(/timed out after 1.5 seconds/),
      data: { lines: ['waiting'] },
    })
    const greedy = await openBuilds(options({ limits: { memoryMiB: 128 } }))
    const hog = 'const kept = []; for (;;) kept.push(Buffer.alloc(16 << 20, 1))'
    await expect(
      make({ 'index.js': server, 'hog.js': hog, 'm3o.json': asJson({ build: 'node hog.js' }) }, { from: greedy }),
    ).rejects.toMatchObject({
      code: 'build_failed',
      message: expect.stringMatching(/used more than the build limit of 128 MiB/),
    })
  },
  minute,
)

test(
  'what it prints is capped, without control characters, and a line is never endless',
  async () => {
    const { lines } = await make({
      'index.js': server,
      'm3o.json': asJson({
        build:
          'printf "\\033[31mred\\033[0m\\n10%%\\r50%%\\r100%%\\n"; head -c 100000 /dev/zero | tr "\\0" x; echo; yes 0123456789012345678901234567890123456789 | head -c 25000000',
      }),
    })
    expect(lines.slice(1, 3)).toEqual(['red', '100%'])
    expect(lines.every((line) => line.length <= 10_000)).toBe(true)
    expect(lines.at(-1)).toBe('… the rest of the output is not shown')
    expect(lines.join('\n').length).toBeLessThan(22 << 20)
  },
  minute,
)

test(
  'a build sees no other service, no home, no platform, and reaches nothing private',
  async () => {
    const look =
      'ls /root /home 2>&1 | head -3; id -u; ls -d "$HOME"; env | grep -ci -e token -e secret -e password; node -e "fetch(\'http://127.0.0.1:18090\').catch((e) => console.log(e.cause.code))"'
    const { lines } = await make({ 'index.js': server, 'm3o.json': asJson({ build: `${look}; true` }) })
    const text = lines.slice(1).join('\n')
    expect(text).toContain('0\n')
    expect(text).toContain('ECONNREFUSED')
    if (process.getuid?.() === 0) expect(text).toMatch(/\/root': No such file[^]*\/home': No such file/)
    expect(text).not.toContain(home)
  },
  minute,
)

test(
  'a compiled language builds where its tools are, and else says what to install',
  async () => {
    const files = {
      'go.mod': 'module hello\n\ngo 1.20\n',
      'main.go': 'package main\n\nfunc main() { println("hello") }\n',
    }
    const made = await make(files).catch((error: unknown) => error)
    if (['/usr/bin/go', '/usr/local/bin/go', '/usr/local/go/bin/go'].some((path) => existsSync(path))) {
      expect(existsSync(join((made as Made).build.sourceDir, '.m3o/service'))).toBe(true)
    } else
      expect(made).toMatchObject({
        code: 'build_failed',
        message: expect.stringMatching(/^Go is not installed on this machine/),
        fix: expect.stringMatching(/install Go/),
      })
    await expect(
      make({ 'Cargo.toml': '[package]\nname = "x"\n', 'src/main.rs': 'fn main() {}' }).catch(
        (error: { message: string }) => {
          if (existsSync('/usr/bin/cargo')) return
          throw error
        },
      ),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/Rust is not installed/),
      fix: expect.stringMatching(/install Rust/),
    })
  },
  3 * minute,
)

test.runIf(hasNpm)(
  'without a lockfile the first resolution is kept; the same dependencies are installed once, also for another tree and when two ask at once',
  async () => {
    const files = { 'index.js': `require('ms')\n${server}`, 'package.json': wants({ ms: '^2.0.0' }) }
    const [one, two] = await Promise.all([make(files), make({ ...files, 'other.js': '' })])
    expect(installs([...one.lines, ...two.lines])).toHaveLength(1)
    expect([...one.lines, ...two.lines]).toContain('waiting for another build that installs the same dependencies')
    expect(two.build.modulesDir).toBe(one.build.modulesDir)
    expect(existsSync(join(one.build.modulesDir ?? '', 'ms/package.json'))).toBe(true)
    expect(installs((await make({ ...files, 'third.js': '' })).lines)).toEqual([])
    // Its name, version and description decide nothing.
    expect(
      installs(
        (
          await make({
            ...files,
            'package.json': wants({ ms: '^2.0.0' }, { name: 'renamed', version: '9.9.9', description: 'x' }),
          })
        ).lines,
      ),
    ).toEqual([])
    const [kept] = await readdir(join(home, 'cache/locks/shared-team_one'))
    expect(JSON.parse(await readFile(join(home, 'cache/locks/shared-team_one', kept ?? ''), 'utf8'))).toMatchObject({
      packages: { 'node_modules/ms': { version: expect.stringMatching(/^2\./) } },
    })
    await rm(join(home, 'cache/modules'), { recursive: true })
    expect(installs((await make({ ...files, 'fourth.js': '' })).lines)).toEqual([expect.stringContaining('npm ci')])
  },
  2 * minute,
)

test.runIf(hasNpm)(
  'with a lockfile just that is installed, and one that does not fit is refused',
  async () => {
    const lock = asJson({
      name: 'x',
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': { name: 'x', dependencies: { ms: '^2.0.0' } },
        'node_modules/ms': {
          version: '2.1.1',
          resolved: 'https://registry.npmjs.org/ms/-/ms-2.1.1.tgz',
          integrity: 'sha512-tgp+dl5cGk28utYktBsrFqA7HKgrhgPsg6Z/EfhWI4gl1Hwq8B/GmY/0oXZ6nF8hDVesS/FpnYaD/kOWhYQvyg==',
        },
      },
    })
    const { build, lines } = await make({
      'index.js': server,
      'package.json': wants({ ms: '^2.0.0' }),
      'package-lock.json': lock,
    })
    expect(installs(lines)).toEqual([expect.stringContaining('npm ci')])
    expect(JSON.parse(await readFile(join(build.modulesDir ?? '', 'ms/package.json'), 'utf8'))).toMatchObject({
      version: '2.1.1',
    })
    await expect(
      make({
        'index.js': server,
        'package.json': wants({ ms: '^2.0.0', 'is-number': '7.0.0' }),
        'package-lock.json': lock,
      }),
    ).rejects.toMatchObject({
      code: 'build_failed',
      message: expect.stringContaining('package-lock.json does not match package.json'),
      fix: expect.stringMatching(/npm install[^]*delete package-lock.json/i),
    })
  },
  2 * minute,
)

test.runIf(hasNpm)(
  'a package or a version that does not exist is named, and a later attempt with another succeeds',
  async () => {
    await expect(
      make({ 'index.js': server, 'package.json': wants({ 'm3o-no-such-package-of-anyone': '1.0.0' }) }),
    ).rejects.toMatchObject({
      code: 'build_failed',
      message: expect.stringContaining('package "m3o-no-such-package-of-anyone" does not exist in the registry'),
      fix: expect.stringContaining('package.json'),
      data: { exitCode: 1 },
    })
    await expect(make({ 'index.js': server, 'package.json': wants({ ms: '99.0.0' }) })).rejects.toMatchObject({
      message: expect.stringMatching(/No matching version found for ms@99/),
    })
    expect(
      (await make({ 'index.js': server, 'package.json': wants({ 'is-number': '7.0.0' }) })).build.modulesDir,
    ).toBeDefined()
  },
  2 * minute,
)

test.runIf(hasNpm)(
  'development’s dependencies are there for the build command, and a service with none keeps to its own',
  async () => {
    const manifest = (scripts: object) =>
      asJson({
        name: 'x',
        private: true,
        scripts,
        dependencies: { ms: '2.1.3' },
        devDependencies: { 'is-number': '7.0.0' },
      })
    const built = await make({
      'index.js': server,
      'package.json': manifest({
        build: "node -e \"require('is-number'); require('fs').writeFileSync('made.txt', 'yes')\"",
      }),
    })
    expect(await readFile(join(built.build.sourceDir, 'made.txt'), 'utf8')).toBe('yes')
    const plain = await make({ 'index.js': server, 'package.json': manifest({}) })
    expect(existsSync(join(plain.build.modulesDir ?? '', 'is-number'))).toBe(false)
  },
  2 * minute,
)

test(
  'the scripts of what is installed run, in the sandbox: they see and change nothing of the machine',
  async () => {
    const script =
      "const fs = require('fs'); const tried = (f) => { try { f(); return 'yes' } catch (e) { return e.code } };" +
      "fs.writeFileSync('saw.json', JSON.stringify({ root: tried(() => fs.readdirSync('/root')), home: tried(() => fs.readdirSync(process.env.LOOK)), write: tried(() => fs.writeFileSync('/usr/bin/x', '')), uid: process.getuid() }))"
    const files = {
      'index.js': server,
      'package.json': wants({ nosy: 'file:./nosy' }),
      'nosy/package.json': asJson({
        name: 'nosy',
        version: '1.0.0',
        scripts: { postinstall: `LOOK=${home} node look.js` },
      }),
      'nosy/look.js': script,
    }
    const { build } = await make(files)
    const saw = JSON.parse(
      await readFile(join(build.modulesDir ?? '', '../nosy/saw.json'), 'utf8').catch(() =>
        readFile(join(build.modulesDir ?? '', 'nosy/saw.json'), 'utf8'),
      ),
    ) as Record<string, unknown>
    expect(saw).toMatchObject({ home: 'ENOENT', write: expect.stringMatching(/EROFS|EACCES/) })
    if (process.getuid?.() !== 0) return
    expect(saw.root).toBe('ENOENT')
    expect(saw.uid).not.toBe(0)
  },
  2 * minute,
)

test.runIf(hasPyPI)(
  'Python’s requirements are installed where the service finds them, once; one that does not exist is named',
  async () => {
    const files = { 'main.py': 'import six\n', 'requirements.txt': '# small\nsix==1.16.0\n' }
    const made = await make(files).catch((error: { message: string }) => error)
    // A machine without pip says so: see install-error.ts.
    if ('message' in made)
      return expect(made.message).toBe('pip, which installs Python packages, is not installed on this machine')
    const [bind] = made.build.binds.filter(({ inside }) => inside === '/m3o/python')
    expect(existsSync(join(bind?.host ?? '', 'six.py'))).toBe(true)
    expect(installs((await make({ ...files, 'other.py': '' })).lines)).toEqual([])
    await expect(make({ ...files, 'requirements.txt': 'm3o-no-such-package-of-anyone==1.0\n' })).rejects.toMatchObject({
      code: 'build_failed',
      message: expect.stringMatching(/m3o-no-such-package-of-anyone/),
      fix: expect.stringContaining('requirements.txt'),
    })
  },
  3 * minute,
)

test('a build that a restore brought from another home is read as it lies here', async () => {
  const { build } = await make({
    'index.ts': 'export const word: string = "moved"\n',
    'package.json': asJson({ main: 'index.ts' }),
  })
  await builds.kept(build.id)
  const other = mkdtempSync(`${tmpdir()}/m3o-builds-`)
  try {
    await cp(join(home, 'builds', build.id), join(other, 'builds', build.id), { recursive: true })
    const read = await (await openBuilds(options({ home: other }))).read(build.id)
    for (const path of [read.sourceDir, read.buildDir, read.platformDir]) expect(path?.startsWith(other)).toBe(true)
  } finally {
    rmSync(other, { recursive: true, force: true })
  }
})

test(
  'what a killed runtime left half made is swept, and a build that is used is never removed',
  async () => {
    const files = (n: number) => ({ 'index.js': `${server}// ${n}` })
    const kept = await make(files(1))
    const old = await make(files(2))
    await mkdir(join(home, 'builds/.making-abc/app'), { recursive: true })
    await cp(kept.build.sourceDir, join(home, 'cache/modules/.making-def'), { recursive: true })
    const again = await openBuilds(options())
    expect((await readdir(join(home, 'builds'))).filter((name) => name.startsWith('.'))).toEqual([])
    await again.sweep({ used: new Set([kept.build.id]), classes: new Set(['shared-team_one']), keepBytes: 0 })
    await expect(again.read(old.build.id)).rejects.toMatchObject({ code: 'not_found' })
    expect((await again.read(kept.build.id)).id).toBe(kept.build.id)
  },
  minute,
)
