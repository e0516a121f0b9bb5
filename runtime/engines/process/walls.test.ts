import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { createSocket } from 'node:dgram'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBuilds } from '../../builds/builds.ts'
import { trustOf } from '../../builds/trust.ts'
import { compilerFolder, serverLimits, startProgram } from '../../languages/program.ts'
import type { Engine, Placement } from '../engine.ts'
import { ask, exitsOf, programs, serve, specOf } from '../conformance.ts'
import { installationOf, openProcessEngine, uninstallProcessEngine } from './process-engine.ts'

/*
 * From everything of team A in which code of its own runs (a service of a developer's environment, a terminal in it, a build, an
 * install script, a language server) to everything of team B, of team A's production, of another service in the same
 * environment, and of the machine. What is tried is reached from the machine itself, so that
 * a target that is not there, or a way that does not work, fails the test and is not taken for a wall.
 */

const checkout = fileURLToPath(new URL('../../..', import.meta.url))
const python = '/usr/bin/python3'
const root = process.getuid?.() === 0
const why = !root ? 'it must be run as root' : !existsSync(python) ? `${python} is missing` : undefined
if (why !== undefined) console.warn(`NOT TESTED: walls between teams and environments: ${why}`)

const patient = 60_000
const probe = readFileSync(`${programs}/breaks-out.py`, 'utf8')
const word = 'canary-of-another-c0ffee'

type Whose = 'team B' | 'production' | 'a service beside it' | 'the machine'
type Target = { id: string; of: string; whose: Whose; how: string; unknown?: true } & Record<string, unknown>

describe.runIf(why === undefined)('walls between teams and environments', { timeout: patient }, () => {
  let home: string
  let engine: Engine
  let targets: Target[]
  const servers: { close(): unknown }[] = []
  const bystander = { pid: 0, end: () => {} }

  const bench = () => ({
    engine,
    folder: home,
    gatewayPort: 18_082,
    reopen: async () => engine,
    destroy: async () => {},
  })
  const listen = async (server: Server, ...at: [number, string] | [string]) => {
    server.listen(...(at as [number, string]))
    await once(server, 'listening')
    servers.push(server)
    return (server.address() as { port?: number }).port ?? 0
  }
  const answering = () => createServer((socket) => socket.on('error', () => {}).end(word))

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'm3o-walls-'))
    engine = await openProcessEngine({ home, gatewayPort: 18_082, checkout })
    expect(engine.describe()).toMatchObject({ sandbox: 'bubblewrap', network: 'site', teamsApart: true })
    targets = await makeTargets()
  }, patient)

  afterAll(async () => {
    for (const server of servers) server.close()
    bystander.end()
    await promisify(execFile)('ipcrm', ['-M', String(shmKey)]).catch(() => {})
    rmSync(shmFile, { force: true })
    await engine.keepOnly(new Set())
    await engine.destroyTeamNetworks()
    await engine.close()
    await uninstallProcessEngine(home)
    rmSync(home, { recursive: true })
  }, patient)

  const shmKey = 0x6d30_0000 + (process.pid % 0xffff)
  const shmFile = `/dev/shm/m3o-walls-${process.pid}`

  /** Where team A's code runs that tries to get out. */
  const vantage = { teamId: 'team_a', environmentId: 'env_ann', serviceId: 's_a' }

  /** What a service has for itself, and what others must not reach of it. */
  async function serviceOf(
    whose: Whose,
    site: { teamId: string; environmentId: string; serviceId: string },
  ): Promise<{ placement: Placement; targets: Target[] }> {
    const dataDir = `${home}/data/${site.serviceId}/${site.environmentId}`
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    writeFileSync(`${dataDir}/rows`, `${word}\n`)
    const placement = await serve(bench(), {
      ...site,
      env: { SECRET: word },
      dataDir,
      command: ['sh', '-c', `echo ${word}; exec node serve.mjs`],
    })
    await ask(placement, '/write', { path: '/app/written', text: word })
    const of = (kind: string, id: string, how: string, given: object): Target => ({
      id,
      of: kind,
      whose,
      how,
      ...given,
    })
    const { pid, identity } = placement
    const cgroup = identity.cgroups.find((folder) => folder.includes('pids')) ?? identity.cgroups[0] ?? ''
    return {
      placement,
      targets: [
        of('files', 'its data', 'file', { path: `${dataDir}/rows`, word }),
        of('files', 'its data, written', 'written', { path: `${dataDir}/rows`, word }),
        of('files', 'its running source', 'file', { path: `${home}/instances/${placement.id}/app/written`, word }),
        of('environment', 'its secrets', 'environment', { word }),
        of('logs', 'what it says, on its way', 'file', { path: `${home}/logs/${placement.id}/stdout.log`, word }),
        of('logs', 'through descriptors', 'opened', { word }),
        of('processes', 'its service', 'process', { pid }),
        of('processes', 'its sandbox', 'process', { pid: identity.init.pid }),
        of('ports', 'its service', 'tcp', { host: placement.address, port: placement.port }),
        of('cgroups', 'its limits', 'written', { path: `${cgroup}/pids.max`, word: '64\n' }),
        of('cgroups', 'its processes', 'lists', { path: `${cgroup}/cgroup.procs`, word: String(pid) }),
        of('cgroups', 'its team’s', 'folder', { path: join(cgroup, '..') }),
      ],
    }
  }

  /** What others and the machine have that team A's code must not reach. */
  async function makeTargets(): Promise<Target[]> {
    const put = (path: string) => {
      mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
      writeFileSync(path, `${word}\n`)
      return path
    }
    const secrets = put(`${home}/keys/secrets.key`)
    const stored = put(`${home}/logs/services/s_b/e_b/1.log`)
    const source = put(`${home}/source/s_b.git/HEAD`)
    const postgres = put(`${home}/pg/data/base/1/1`)
    const others = [
      await serviceOf('team B', { teamId: 'team_b', environmentId: 'e_b', serviceId: 's_b' }),
      await serviceOf('production', { ...vantage, environmentId: 'env_production' }),
      await serviceOf('a service beside it', { ...vantage, serviceId: 's_beside' }),
    ]
    const machine = spawn(process.execPath, ['-e', `setInterval(() => {}, 1e6) // ${word}`], {
      env: { WORD: word } as unknown as NodeJS.ProcessEnv,
      stdio: 'ignore',
    })
    Object.assign(bystander, { pid: machine.pid, end: () => machine.kill('SIGKILL') })
    writeFileSync(shmFile, word)
    await promisify(execFile)(python, [
      '-c',
      `import ctypes; c = ctypes.CDLL(None); assert c.shmget(${shmKey}, 4096, 0o1666) >= 0`,
    ])

    for (const name of ['runtime', 'gateway'])
      await listen(
        answering(),
        (mkdirSync(`${home}/run`, { recursive: true, mode: 0o700 }), `${home}/run/${name}.sock`),
      )
    await listen(answering(), `${home}/pg/.s.PGSQL.5432`)
    await listen(answering(), '\0m3o-walls-abstract')
    const loopback = await listen(answering(), 0, '127.0.0.1')
    const everywhere = await listen(answering(), 0, '0.0.0.0')
    const six = await listen(answering(), 0, '::')
    const datagrams = createSocket('udp4', (_, from) => datagrams.send(word, from.port, from.address))
    datagrams.bind(0, '0.0.0.0')
    await once(datagrams, 'listening')
    servers.push(datagrams)
    const { gatewayAddress: gateway } = await engine.prepare(vantage)
    const addresses = (family: string, of: (device: string) => boolean) =>
      Object.entries(networkInterfaces())
        .filter(([device]) => of(device))
        .flatMap(([, all]) => all ?? [])
        .filter((each) => each.family === family && !each.internal)
        .map((each) => each.address)
    const ofTeams = /^m3[0-9a-f]/
    const outside = addresses('IPv4', (device) => !ofTeams.test(device))
    // Of other installations of this machine, which may be gone at any time.
    const ofOthers = addresses(
      'IPv4',
      (device) => ofTeams.test(device) && !device.startsWith(`m3${installationOf(home)}`),
    )
    // The machine's own ends of links, in the other family.
    const linkLocal = addresses('IPv6', (device) => device.startsWith(`m3${installationOf(home)}`))

    const b = (of: string, id: string, how: string, given: object) => ({
      id,
      of,
      whose: 'team B' as const,
      how,
      ...given,
    })
    const m = (of: string, id: string, how: string, given: object) => ({
      id,
      of,
      whose: 'the machine' as const,
      how,
      ...given,
    })
    const blind = <T extends object>(target: T) => ({ ...target, unknown: true as const })
    return [
      ...others.flatMap((each) => each.targets),
      b('files', 'its repository', 'file', { path: source, word }),
      m('files', 'the secrets’ key', 'file', { path: secrets, word }),
      m('files', 'the secrets’ key, written', 'written', { path: secrets, word }),
      m('files', 'the checkout', 'file', { path: `${realpathSync(checkout)}/package.json`, word: '"m3o"' }),
      m('files', 'the checkout, written', 'written', {
        path: `${realpathSync(checkout)}/.gitignore`,
        word: readFileSync(`${checkout}/.gitignore`, 'utf8').slice(0, 1),
      }),
      m('files', 'accounts', 'file', { path: '/etc/shadow', word: 'root:' }),
      m('files', 'users of teams', 'file', { path: '/var/lib/m3o-registry/teams.json', word: 'installation' }),
      m('files', 'homes', 'folder', { path: '/root' }),
      m('files', 'devices', 'node', { mode: 0o060000, device: 0xfe00 }),
      b('logs', 'what it says, stored', 'file', { path: stored, word }),
      m('logs', 'the kernel’s', 'log', { word: '' }),
      m('processes', 'the platform', 'process', { pid: process.pid }),
      m('processes', 'a bystander', 'process', { pid: bystander.pid }),
      m('processes', 'a user namespace', 'call', { number: 272, args: [0x1000_0000] }),
      m('processes', 'a mount namespace', 'call', { number: 272, args: [0x0002_0000] }),
      m('ports', 'the machine’s loopback', 'tcp', { host: '127.0.0.1', port: loopback }),
      m('ports', 'the machine’s loopback, IPv6', 'tcp', { host: '::1', port: six, family: '6' }),
      ...linkLocal.map((host) => m('ports', `the machine, IPv6 ${host}`, 'tcp', { host, port: six, family: '6' })),
      m('ports', 'another port beside the gateway', 'tcp', { host: gateway, port: everywhere }),
      ...outside.map((host) => m('ports', `the machine, ${host}`, 'tcp', { host, port: everywhere })),
      ...ofOthers.map((host) => blind(m('ports', `another installation, ${host}`, 'tcp', { host, port: everywhere }))),
      m('ports', 'datagrams', 'udp', { host: gateway, port: datagrams.address().port, word }),
      m('ports', 'raw packets', 'family', { number: 17, kind: 3, protocol: 768 }),
      blind(m('ports', 'the hypervisor (vsock)', 'family', { number: 40 })),
      m('platform sockets', 'runtime', 'unix', { path: `${home}/run/runtime.sock` }),
      m('platform sockets', 'gateway control', 'unix', { path: `${home}/run/gateway.sock` }),
      m('platform sockets', 'abstract', 'unix', { path: '@m3o-walls-abstract' }),
      m('database', 'its socket', 'unix', { path: `${home}/pg/.s.PGSQL.5432` }),
      m('database', 'its files', 'file', { path: postgres, word }),
      m('/proc', 'the kernel’s memory', 'lists', { path: '/proc/vmallocinfo', word: '0x' }),
      m('/proc', 'settings of the kernel', 'written', {
        path: '/proc/sys/kernel/core_pattern',
        word: readFileSync('/proc/sys/kernel/core_pattern', 'utf8').slice(0, 1),
      }),
      m('/proc', 'ports that listen', 'lists', {
        path: '/proc/net/tcp',
        word: loopback.toString(16).toUpperCase().padStart(4, '0'),
      }),
      m('/proc', 'sockets’ names', 'lists', { path: '/proc/net/unix', word: 'm3o-walls-abstract' }),
      m('shared memory', 'files', 'file', { path: shmFile, word }),
      m('shared memory', 'System V', 'shm', { key: shmKey }),
      ...['169.254.169.254', '168.63.129.16', '100.100.100.200', '192.0.0.192'].map((host) =>
        blind(m('metadata', host, 'tcp', { host, port: 80 })),
      ),
      blind(m('metadata', 'fd00:ec2::254', 'tcp', { host: 'fd00:ec2::254', port: 80, family: '6' })),
      ...['10.0.0.1', '172.17.0.1', '192.168.0.1', '100.64.0.1'].map((host) =>
        blind(m('private ranges', host, 'tcp', { host, port: 80 })),
      ),
    ]
  }

  const argument = () =>
    JSON.stringify(
      targets.map(({ of: _, whose: __, unknown: ___, ...target }) => target),
      (name, value: unknown) => (name === 'word' ? [...String(value)].reverse().join('') : value),
    )
  const reachedIn = (text: string): string[] => {
    const found = /REACHED (\[.*?\]) TRIED (\d+)/.exec(text)
    if (found?.[1] === undefined || Number(found[2]) !== targets.length)
      throw new Error(`the probe did not come to its end: ${text.slice(-2_000)}`)
    return JSON.parse(found[1]) as string[]
  }
  /** Numbered, as ids repeat for team and machine. */
  const numbered = () =>
    targets.forEach((target, at) => Object.assign(target, { id: `${at} ${target.whose}: ${target.of}: ${target.id}` }))

  const vantages: Record<string, () => Promise<string[]>> = {
    async service() {
      const exits = exitsOf(engine)
      const { id, logs } = await engine.start(specOf(bench(), [python, 'breaks-out.py', argument()], vantage))
      await exits.of(id)
      const said = reachedIn(readFileSync(logs.stdout, 'utf8') + readFileSync(logs.stderr, 'utf8'))
      await engine.remove(id)
      return said
    },
    async terminal() {
      const service = await serve(bench(), vantage)
      const session = await engine.exec(service.id, {
        command: [python, '/app/breaks-out.py', argument()],
        tty: { cols: 500, rows: 50 },
      })
      let text = ''
      session.stdout.on('data', (part: Buffer) => (text += part.toString()))
      await session.exited
      await engine.remove(service.id)
      return reachedIn(text)
    },
    build: () =>
      built({
        'm3o.json': JSON.stringify({
          name: 'hello',
          build: `${python} breaks-out.py "$(cat targets.json)"`,
          command: 'true',
        }),
      }),
    'install script': () =>
      built({
        'package.json': JSON.stringify({ name: 'hello', dependencies: { inner: 'file:./inner' } }),
        'index.js': '',
        'm3o.json': '{"name":"hello"}',
        'inner/package.json': JSON.stringify({
          name: 'inner',
          version: '1.0.0',
          scripts: { install: `${python} breaks-out.py "$(cat targets.json)"` },
        }),
        'inner/breaks-out.py': probe,
        'inner/targets.json': argument(),
        '.npmrc': 'foreground-scripts=true\n',
      }),
    async 'language server'() {
      const folder = mkdtempSync(join(home, 'project-'))
      mkdirSync(`${folder}/app/node_modules`, { recursive: true })
      const helper = await engine.helper('team_a', serverLimits)
      let text = ''
      const ended = Promise.withResolvers<void>()
      const { child } = await startProgram({
        folder,
        types: compilerFolder(),
        modules: undefined,
        helper,
        command: [python, '-c', probe, argument()],
        onExit: ended.resolve,
        onSay: (said) => (text += said),
        onError: ended.reject,
      })
      child.stdout?.on('data', (part: Buffer) => (text += part.toString()))
      await ended.promise
      await helper.end()
      expect(helper.groups.filter((group) => existsSync(group))).toEqual([])
      return reachedIn(text)
    },
  }

  async function built(files: Record<string, string>): Promise<string[]> {
    const builds = await openBuilds({
      home,
      engine,
      registry: { env: {}, binds: [] },
      log: { info: () => {}, warn: () => {} },
    })
    let text = ''
    await builds
      .build({
        ...vantage,
        trust: trustOf([{ id: vantage.environmentId, teamId: vantage.teamId, kind: 'production', protection: null }]),
        name: 'hello',
        treeHash: String(Math.random()),
        onLine: (line) => (text += `${line}\n`),
        exportTree: async (into) => {
          await cp(programs, into, { recursive: true })
          for (const [path, content] of Object.entries({ 'targets.json': argument(), ...files })) {
            mkdirSync(join(into, path, '..'), { recursive: true })
            writeFileSync(join(into, path), content)
          }
          return { skipped: [] }
        },
      })
      .catch((error: unknown) => (text += String(error)))
    return reachedIn(text)
  }

  test('the machine itself reaches all of it, so that what is tried is there', async () => {
    numbered()
    const { stdout } = await promisify(execFile)(python, [`${programs}/breaks-out.py`, argument(), '10'])
    const reached = new Set(reachedIn(stdout))
    expect(targets.filter(({ id, unknown }) => !unknown && !reached.has(id)).map(({ id }) => id)).toEqual([])
  })

  const table: Record<string, Record<string, string[]>> = {}
  test.each(Object.keys(vantages))(
    'from a %s of team A nothing of team B, of production, of the service beside it or of the machine is reached',
    async (from) => {
      const reached = (await vantages[from]?.()) ?? ['?']
      for (const { id, of } of targets)
        (table[of] ??= {})[from] = [
          ...(table[of]?.[from] ?? []),
          ...(reached.some((each) => each.startsWith(id)) ? [id] : []),
        ]
      expect(reached).toEqual([])
    },
  )

  test('as a table', () => {
    const columns = Object.keys(vantages)
    const rows = Object.entries(table).map(([of, cells]) => {
      const tried = targets.filter((target) => target.of === of).length
      return [of, ...columns.map((from) => (cells[from] ? `${cells[from].length} of ${tried}` : '?'))]
    })
    const all = [['reached of', ...columns], ...rows]
    const widths = all[0]?.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0))) ?? []
    console.info(
      `\n${all.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')).join('\n')}\n${targets.length} ways, ${columns.length} places to try them from`,
    )
    expect(rows.flat().filter((cell) => cell === '?')).toEqual([])
  })
})
