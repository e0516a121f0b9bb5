import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../engines/engine.ts'
import { readOperatorRegistry } from '../engines/operator-registry.ts'
import { openProcessEngine, uninstallProcessEngine } from '../engines/process/process-engine.ts'
import { type Build, type Builds, openBuilds } from './builds.ts'
import { type Standing, trustOf } from './trust.ts'

/*
 * A developer's build in their own environment poisons all that it can write; the build of the same files for protected
 * production is clean. That the poison works is seen in the developer's own environment. Where a registry or a tool is
 * not there, its test is left out.
 */

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const registry = await readOperatorRegistry()
const reachable = (url: string) =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
const npmRegistry = (registry.env.npm_config_registry ?? 'https://registry.npmjs.org').replace(/\/$/, '')
const [hasNpm, hasPyPI, hasGo] = await Promise.all(
  [
    `${npmRegistry}/ms`,
    'https://pypi.org/simple/docopt/',
    'https://proxy.golang.org/github.com/pkg/errors/@v/list',
  ].map(reachable),
)
const hasPip = await promisify(execFile)('/usr/bin/python3', ['-m', 'pip', '--version']).then(
  () => true,
  () => false,
)
const minute = 60_000

let home: string
let engine: Engine
let builds: Builds
beforeAll(async () => {
  home = mkdtempSync(`${tmpdir()}/m3o-poison-`)
  engine = await openProcessEngine({ home, gatewayPort: 18_096, checkout, permitted: registry.permitted })
  builds = await openBuilds({ home, engine, registry, log: { info: () => {}, warn: () => {} } })
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
const mallory: Standing = { id: 'e_mallory', teamId: 'team_one', kind: 'personal', protection: null }
const inOwn = trustOf([mallory, production])
const inProduction = trustOf([production])

type Files = Record<string, string>
type Made = Build & { lines: string[] }

async function make(files: Files, trust: typeof inOwn): Promise<Made> {
  const lines: string[] = []
  const build = await builds
    .build({
      teamId: 'team_one',
      trust,
      serviceId: 's_1',
      environmentId: 'e_1',
      name: 'hello',
      treeHash: createHash('sha1').update(JSON.stringify(files)).digest('hex'),
      onLine: (line) => lines.push(line),
      exportTree: async (into) => {
        for (const [path, text] of Object.entries(files)) {
          await mkdir(dirname(join(into, path)), { recursive: true })
          await writeFile(join(into, path), text)
        }
        return { skipped: [] }
      },
    })
    .catch((error: unknown) => {
      throw new Error(lines.join('\n'), { cause: error })
    })
  return { ...build, lines }
}

const building = (build: string, more: object = {}) => JSON.stringify({ build, ...more })
const server = "require('node:http').createServer((_, response) => response.end('ok')).listen(process.env.PORT)\n"

interface Attack {
  name: string
  runs: boolean
  /** Built by the developer first: it fetches what the clean one needs, and changes it. */
  poisoner: Files
  /** Holds nothing but what a reviewer would let pass. */
  clean: Files
  isPoisoned: (made: Made) => Promise<boolean>
}

/** In npm's cache: another package in place of the real one, and a description of it that fits and stays fresh. */
const poisonNpm = `
const cacache = require('/m3o/lib/npm/node_modules/cacache'), fs = require('fs'), { execFileSync } = require('child_process'), crypto = require('crypto')
const cache = '/downloads/_cacache'
fs.mkdirSync('/tmp/fake/package', { recursive: true })
fs.writeFileSync('/tmp/fake/package/package.json', JSON.stringify({ name: 'ms', version: '2.1.3', main: 'index.js' }))
fs.writeFileSync('/tmp/fake/package/index.js', 'module.exports = "POISON"')
execFileSync('tar', ['-czf', '/tmp/fake.tgz', '-C', '/tmp/fake', 'package'])
const tgz = fs.readFileSync('/tmp/fake.tgz'), integrity = 'sha512-' + crypto.createHash('sha512').update(tgz).digest('base64')
const fresh = (metadata) => ({ ...metadata, time: Date.now(), resHeaders: { ...metadata.resHeaders, 'cache-control': 'public, immutable, max-age=31557600', date: new Date().toUTCString() } })
;(async () => {
  for (const [key, entry] of Object.entries(await cacache.ls(cache))) {
    if (key.endsWith('/ms-2.1.3.tgz')) await cacache.put(cache, key, tgz, { metadata: fresh(entry.metadata) })
    else if (key.endsWith('/ms')) {
      const text = (await cacache.get(cache, key)).data.toString().replaceAll(/"sha512-[^"]*"/g, JSON.stringify(integrity)).replaceAll(/"shasum":"[^"]*",?/g, '')
      await cacache.put(cache, key, text, { metadata: fresh(entry.metadata) })
    }
  }
})()
`
const wants = (more: object = {}) =>
  JSON.stringify({ name: 'x', private: true, dependencies: { ms: '2.1.3' }, ...more })

const goMod = 'module hello\n\ngo 1.20\n\nrequire github.com/pkg/errors v0.9.1\n'
const goSum =
  'github.com/pkg/errors v0.9.1 h1:FEBLx1zS214owpjy7qsBeixbURkuhQAwrK5UwLGTwt4=\ngithub.com/pkg/errors v0.9.1/go.mod h1:bwawxfHBFNV+L2hUp1rHADufV3IMtnDRdf1r5NINEl0=\n'
const goMain =
  'package main\n\nimport "github.com/pkg/errors"\n\nfunc main() { println(errors.WithMessage(errors.New("a"), "b").Error()) }\n'

/** A wheel that pip once built is taken from its cache without another look. */
const poisonPip = `
import glob, os, zipfile
for name in glob.glob('/downloads/pip/**/*.whl', recursive=True):
    with zipfile.ZipFile(name) as wheel: entries = [(each, wheel.read(each)) for each in wheel.infolist()]
    with zipfile.ZipFile(name, 'w') as wheel:
        for each, data in entries: wheel.writestr(each, data + b'# POISON' if each.filename.endswith('.py') else data)
`

const attacks: Attack[] = [
  {
    name: 'npm: a package in its cache',
    runs: hasNpm === true,
    poisoner: {
      'index.js': server,
      'package.json': wants({ description: 'other', engines: { node: '*' } }),
      'poison.cjs': poisonNpm,
      'm3o.json': building('node poison.cjs'),
    },
    clean: { 'index.js': server, 'package.json': wants() },
    isPoisoned: async ({ modulesDir }) =>
      (await readFile(join(modulesDir ?? '', 'ms/index.js'), 'utf8')).includes('POISON'),
  },
  {
    name: 'npm: a package in its cache, of a build with a command',
    runs: hasNpm === true,
    poisoner: {
      'index.js': `${server}//`,
      'package.json': wants({ engines: { node: '>1' } }),
      'poison.cjs': poisonNpm,
      'm3o.json': building('node poison.cjs'),
    },
    clean: {
      'index.js': server,
      'package.json': wants(),
      'm3o.json': building('node -p "JSON.stringify(require(\'ms\'))" | tee said.txt'),
    },
    isPoisoned: async ({ sourceDir }) => (await readFile(join(sourceDir, 'said.txt'), 'utf8')).includes('POISON'),
  },
  {
    name: 'Go: an extracted module, in spite of go.sum',
    runs: hasGo === true && existsSync('/usr/local/go/bin/go'),
    poisoner: {
      'go.mod': goMod,
      'go.sum': goSum,
      'main.go': goMain,
      'm3o.json': building(
        `go mod download && cd /downloads/go/github.com/pkg/errors@v0.9.1 && chmod -R u+w . && sed -i 's/": "/"POISON"/' errors.go && grep -q POISON errors.go && mkdir -p /app/.m3o && touch /app/.m3o/service`,
      ),
    },
    clean: { 'go.mod': goMod, 'go.sum': goSum, 'main.go': `${goMain}// reviewed\n` },
    isPoisoned: async ({ sourceDir }) => (await readFile(join(sourceDir, '.m3o/service'), 'latin1')).includes('POISON'),
  },
  {
    name: 'pip: a wheel that it built',
    runs: hasPyPI === true && hasPip,
    poisoner: {
      'main.py': '',
      'requirements.txt': 'docopt==0.6.2\n# other\n',
      'poison.py': poisonPip,
      'm3o.json': building('/usr/bin/python3 poison.py', { runtime: 'python' }),
    },
    clean: { 'main.py': 'import docopt\n', 'requirements.txt': 'docopt==0.6.2\n' },
    isPoisoned: async ({ binds }) =>
      (
        await readFile(join(binds.find(({ inside }) => inside === '/m3o/python')?.host ?? '', 'docopt.py'), 'utf8')
      ).includes('POISON'),
  },
]

describe.each(attacks)('$name', ({ runs, poisoner, clean, isPoisoned }) => {
  test.runIf(runs)(
    'what a developer poisoned in their own environment is not in production',
    async () => {
      await make(poisoner, inOwn)
      expect(await isPoisoned(await make(clean, inOwn))).toBe(true)
      expect(await isPoisoned(await make(clean, inProduction))).toBe(false)
    },
    5 * minute,
  )
})

const everywhere = `for place in /downloads /downloads/* /app /work /tmp "$HOME" "$GOCACHE" "$GOMODCACHE" "$CARGO_HOME" /downloads/maven /downloads/pip; do mkdir -p $place 2>/dev/null; echo x >$place/marked 2>/dev/null; done; ls -d /downloads/*`
const search = 'find / -xdev -name marked 2>/dev/null; find /downloads -name marked; echo looked'

test(
  'nothing that a build can write anywhere is there for the build of another class, whatever tool it is of',
  async () => {
    await make({ 'index.js': server, 'm3o.json': building(everywhere) }, inOwn)
    const own = await make({ 'index.js': server, 'm3o.json': building(search) }, inOwn)
    expect(own.lines.filter((line) => line.endsWith('/marked')).length).toBeGreaterThan(4)
    const other = await make({ 'index.js': server, 'm3o.json': building(search) }, inProduction)
    expect(other.lines.slice(1)).toEqual(['looked'])
  },
  minute,
)
