import { createHash } from 'node:crypto'
import { existsSync, linkSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../engines/engine.ts'
import { readOperatorRegistry } from '../engines/operator-registry.ts'
import { openProcessEngine, uninstallProcessEngine } from '../engines/process/process-engine.ts'
import { type Build, type Builds, openBuilds } from './builds.ts'
import { classOf, type Standing, type Trust, trustOf } from './trust.ts'

/** What builds of different trust classes share, and what they do not. */
const checkout = fileURLToPath(new URL('../..', import.meta.url))
const registry = await readOperatorRegistry()
const npmRegistry = (registry.env.npm_config_registry ?? 'https://registry.npmjs.org').replace(/\/$/, '')
const hasNpm = await fetch(`${npmRegistry}/ms`, { signal: AbortSignal.timeout(5_000) }).then(
  ({ ok }) => ok,
  () => false,
)
const minute = 60_000

let home: string
let engine: Engine
let builds: Builds
const open = () => openBuilds({ home, engine, registry, log: { info: () => {}, warn: () => {} } })
beforeAll(async () => {
  home = mkdtempSync(`${tmpdir()}/m3o-classes-`)
  engine = await openProcessEngine({ home, gatewayPort: 18_098, checkout, permitted: registry.permitted })
  builds = await open()
}, minute)
afterAll(async () => {
  await engine.keepOnly(new Set())
  await engine.destroyTeamNetworks()
  await engine.close()
  await uninstallProcessEngine(home)
  rmSync(home, { recursive: true, force: true })
}, minute)

const closed = { role: 'owner', people: [] as string[] } as const
const production: Standing = {
  id: 'e_production',
  teamId: 'team_one',
  kind: 'production',
  protection: { deploy: { ...closed }, secrets: { ...closed }, promote: { ...closed } },
}
const staging: Standing = { id: 'e_staging', teamId: 'team_one', kind: 'shared', protection: null }
const alice: Standing = { id: 'e_alice', teamId: 'team_one', kind: 'personal', protection: null }
const [inProduction, inStaging, inAlice] = [[production], [staging, production], [alice, staging, production]].map(
  trustOf,
) as [Trust, Trust, Trust]

type Files = Record<string, string>
interface Made {
  build: Build
  lines: string[]
  exports: number
}

async function make(files: Files, trust: Trust, like?: string): Promise<Made> {
  const lines: string[] = []
  let exports = 0
  const build = await builds.build({
    teamId: 'team_one',
    trust,
    serviceId: 's_1',
    environmentId: 'e_1',
    name: 'hello',
    treeHash: createHash('sha1').update(JSON.stringify(files)).digest('hex'),
    onLine: (line) => lines.push(line),
    exportTree: async (into) => {
      exports += 1
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(into, path)), { recursive: true })
        // As source/exports.ts does with what is as in the build that serves.
        if (like !== undefined && existsSync(join(like, path)) && (await readFile(join(like, path), 'utf8')) === text)
          linkSync(join(like, path), join(into, path))
        else await writeFile(join(into, path), text)
      }
      return { skipped: [] }
    },
  })
  return { build, lines, exports }
}

const server = "require('node:http').createServer((_, response) => response.end('ok')).listen(process.env.PORT)\n"
const asJson = (value: object) => JSON.stringify(value)
const wants = (dependencies: Record<string, string>, more: object = {}) =>
  asJson({ name: 'x', private: true, dependencies, ...more })
const installs = (lines: readonly string[]) => lines.filter((line) => line.startsWith('installing dependencies'))

test('what no tool has written to is built once for the team, byte for byte what was tried', async () => {
  const files = { 'index.ts': 'export const word: string = "plain"\n', 'package.json': asJson({ main: 'index.ts' }) }
  const tried = await make(files, inAlice)
  const promoted = await make(files, inProduction)
  expect([promoted.build, promoted.exports]).toEqual([tried.build, 0])
})

test(
  'what a command has built is built again for a class that does not trust it, and once for one that does',
  async () => {
    const files = { 'index.js': server, 'm3o.json': asJson({ build: 'echo made >made.txt' }) }
    const [own, live, between] = [
      await make(files, inAlice),
      await make(files, inProduction),
      await make(files, inStaging),
    ]
    expect([own, live, between].map(({ exports }) => exports)).toEqual([1, 1, 0])
    expect(own.build.id).not.toBe(live.build.id)
    expect(between.build.id).toBe(live.build.id)
    expect((await make(files, inAlice)).build.id).toBe(own.build.id)
    // Protected in another way: what was built before does not count.
    const renewed = trustOf([
      {
        ...production,
        protection: { deploy: { ...closed }, secrets: { ...closed }, promote: { role: 'admin', people: [] } },
      },
    ])
    expect((await make(files, renewed)).exports).toBe(1)
  },
  minute,
)

test(
  'a tool writes to files of its own, also where its build began with those of one that serves',
  async () => {
    const serving = (await make({ 'index.js': server, 'helper.js': 'as committed' }, inAlice)).build
    const owner = statSync(join(serving.sourceDir, 'helper.js')).uid
    const { build } = await make(
      { 'index.js': server, 'helper.js': 'as committed', 'm3o.json': asJson({ build: 'echo changed >helper.js' }) },
      inAlice,
      serving.sourceDir,
    )
    expect(await readFile(join(build.sourceDir, 'helper.js'), 'utf8')).toBe('changed\n')
    expect(await readFile(join(serving.sourceDir, 'helper.js'), 'utf8')).toBe('as committed')
    expect(statSync(join(serving.sourceDir, 'helper.js')).uid).toBe(owner)
  },
  minute,
)

test(
  'nothing of a build writes once it has ended, however it tries to stay',
  async () => {
    const stay =
      'for n in 1 2 3; do (setsid sh -c "trap \\"\\" TERM HUP; while :; do date +%N >late.txt; done" >/dev/null 2>&1 &); done; sleep 0.2; echo over'
    const { build } = await make({ 'index.js': server, 'm3o.json': asJson({ build: stay }) }, inAlice)
    const file = join(build.sourceDir, 'late.txt')
    const first = [await readFile(file, 'utf8'), statSync(file).mtimeMs]
    expect(engine.list()).toEqual([])
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
    expect([await readFile(file, 'utf8'), statSync(file).mtimeMs]).toEqual(first)
  },
  minute,
)

test(
  'links that a build leaves lead the platform nowhere',
  async () => {
    const secret = join(home, 'secret.txt')
    await writeFile(secret, 'M3O_DATA of the platform')
    const plant = `ln -s ${home} home; ln -s ${secret} package.json; ln -sf ${secret} index.js.txt; mkfifo pipe.json; ln -s /downloads d; ln /downloads/x hard 2>/dev/null || echo apart`
    const { build, lines } = await make(
      { 'index.js': server, 'm3o.json': asJson({ build: `echo x >/downloads/x; ${plant}` }) },
      inAlice,
    )
    expect(lines).toContain('apart')
    expect(build.keepsData).toBe(false)
    expect(build.language).toBe('node')
  },
  minute,
)

test.runIf(hasNpm)(
  'dependencies are taken from a class that is trusted, and installed in any other; versions are those of the first time',
  async () => {
    const files = { 'index.js': `require('ms')\n${server}`, 'package.json': wants({ ms: '^2.0.0' }) }
    const first = await make(files, inAlice)
    expect(installs(first.lines)).toEqual([expect.stringMatching(/npm install .*--omit=dev$/)])
    const live = await make(files, inProduction)
    expect(installs(live.lines)).toEqual([expect.stringMatching(/npm install .* --before=\d{4}-\d\d-\d\dT/)])
    expect(live.build.modulesDir).not.toBe(first.build.modulesDir)
    expect(live.build.modulesDir).toContain(`/modules/${classOf(production)}/`)
    const versions = await Promise.all(
      [first, live].map(
        async ({ build }) =>
          (JSON.parse(await readFile(join(build.modulesDir ?? '', 'ms/package.json'), 'utf8')) as { version: string })
            .version,
      ),
    )
    expect(versions[0]).toBe(versions[1])
    const between = await make({ ...files, 'more.js': '' }, inStaging)
    expect([installs(between.lines), between.build.modulesDir]).toEqual([[], live.build.modulesDir])
    // Its own is known to it, and looked for first.
    expect((await make({ ...files, 'more.js': '1' }, inAlice)).build.modulesDir).toBe(first.build.modulesDir)
  },
  2 * minute,
)

test.runIf(hasNpm)(
  'without a lock file a class takes what was the newest when the dependencies were first resolved',
  async () => {
    const files = { 'index.js': server, 'package.json': wants({ ms: '~2.1.0' }) }
    const versionOf = async ({ build }: Made) =>
      (JSON.parse(await readFile(join(build.modulesDir ?? '', 'ms/package.json'), 'utf8')) as { version: string })
        .version
    const first = await make(files, inAlice)
    const [key = ''] = /[0-9a-f]{32}/.exec(first.build.modulesDir ?? '') ?? []
    // As if it had been when not all of the versions were there.
    const { time } = (await (await fetch(`${npmRegistry}/ms`)).json()) as { time: Record<string, string> }
    const published = Object.entries(time)
      .filter(([version]) => /^2\.1\.\d+$/.test(version))
      .sort(([, a], [, b]) => Date.parse(a) - Date.parse(b))
    const [oldest, at] = published[0] ?? ['', '']
    await writeFile(join(home, 'cache/resolved', key), new Date(Date.parse(at) + 1).toISOString())
    expect(await versionOf(await make(files, inProduction))).toBe(oldest)
    // A registry that knows of nothing from then: as new.
    await writeFile(join(home, 'cache/resolved', key), '1999-01-01T00:00:00.000Z')
    const again = await make(files, inStaging)
    expect(again.build.modulesDir).toContain(classOf(production))
    const anew = await make(files, trustOf([{ ...production, id: 'e_other' }]))
    expect(anew.lines).toContainEqual(expect.stringContaining('versions are resolved again'))
    expect(await versionOf(anew)).toBe(await versionOf(first))
  },
  2 * minute,
)

test(
  'what was written when a team shared one cache is not there for any build, and what runs with it keeps it',
  async () => {
    const key = 'a'.repeat(32)
    for (const path of [
      'downloads/team_one/_cacache/x',
      `modules/${key}/node_modules/old.js`,
      `locks/${key}.json`,
      'downloads/shared-team_one/kept',
    ]) {
      await mkdir(dirname(join(home, 'cache', path)), { recursive: true })
      await writeFile(join(home, 'cache', path), 'x')
    }
    const id = `b_${'c'.repeat(32)}`
    await mkdir(join(home, 'builds', id, 'app'), { recursive: true })
    await writeFile(
      join(home, 'builds', id, 'build.json'),
      asJson({
        id,
        key: 'c'.repeat(32),
        teamId: 'team_one',
        binds: [],
        modulesDir: join(home, 'cache/modules', key, 'node_modules'),
      }),
    )
    builds = await open()
    expect(await readdir(join(home, 'cache/downloads'))).not.toContain('team_one')
    expect(existsSync(join(home, 'cache/downloads/shared-team_one/kept'))).toBe(true)
    expect(await readdir(join(home, 'cache/locks'))).not.toContain(`${key}.json`)
    expect(await readFile(join(home, 'cache/resolved', key), 'utf8')).toMatch(/^\d{4}-/)
    const long = new Date(Date.now() - 90 * 86_400_000)
    for (const path of [`builds/${id}/build.json`, `cache/modules/${key}`]) await utimes(join(home, path), long, long)
    const classes = new Set([production, staging, alice].map(classOf))
    await builds.sweep({ used: new Set([id]), classes })
    expect(existsSync(join(home, 'cache/modules', key))).toBe(true)
    expect((await builds.read(id)).modulesDir).toBe(join(home, 'cache/modules', key, 'node_modules'))
    await builds.sweep({ used: new Set(), classes })
    expect([`builds/${id}`, `cache/modules/${key}`].map((path) => existsSync(join(home, path)))).toEqual([false, false])
  },
  minute,
)

test(
  'the folders of a class go with its environment, and its downloads when nothing was built for long',
  async () => {
    const ago = (days: number) => new Date(Date.now() - days * 86_400_000)
    const left = async () => (await readdir(join(home, 'cache/downloads'))).sort()
    await rm(join(home, 'cache/downloads'), { recursive: true, force: true })
    for (const [name, days] of [
      ['personal-e_gone', 1],
      ['personal-e_new', 0],
      ['personal-e_alice', 1],
      ['shared-team_one', 40],
    ] as const) {
      for (const folder of ['downloads', 'locks']) await mkdir(join(home, 'cache', folder, name), { recursive: true })
      await writeFile(join(home, 'cache/locks', name, 'x.json'), '{}')
      await utimes(join(home, 'cache/downloads', name), ago(days), ago(days))
    }
    await builds.sweep({ used: new Set(), classes: new Set(['personal-e_alice', 'shared-team_one']) })
    // One that is new may be of an environment that came a moment ago.
    expect(await left()).toEqual(['personal-e_alice', 'personal-e_new'])
    const locks = await readdir(join(home, 'cache/locks'))
    expect([locks.includes('personal-e_gone'), locks.includes('shared-team_one')]).toEqual([false, true])
  },
  minute,
)
