import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Bench } from '../conformance.ts'
import { ask, conformance, eventually, exitsOf, patient, programs, serve, specOf, textOf } from '../conformance.ts'
import { readOperatorRegistry } from '../operator-registry.ts'
import type { Placement } from '../engine.ts'
import type { Without } from './capabilities.ts'
import { isAlive } from './identity.ts'
import { installationOf, openProcessEngine, uninstallProcessEngine } from './process-engine.ts'

const checkout = fileURLToPath(new URL('../../..', import.meta.url))

async function openBench(): Promise<Bench> {
  const home = mkdtempSync(`${tmpdir()}/m3o-engine-`)
  const options = { home, gatewayPort: 18_080, checkout }
  const bench: Bench = {
    engine: await openProcessEngine(options),
    folder: home,
    gatewayPort: options.gatewayPort,
    reopen: async () => (bench.engine = await openProcessEngine(options)),
    destroy: async () => {
      await bench.engine.keepOnly(new Set())
      await bench.engine.destroyTeamNetworks()
      await bench.engine.close()
      expect(leftovers(installationOf(home))).toEqual([])
      await uninstallProcessEngine(home)
      rmSync(home, { recursive: true })
    },
  }
  return bench
}

/** What of an installation is still on the machine. */
function leftovers(id: string): string[] {
  return namesWith(
    [
      '/run/netns',
      '/sys/class/net',
      '/sys/fs/cgroup',
      '/sys/fs/cgroup/memory',
      '/sys/fs/cgroup/pids',
      '/sys/fs/cgroup/cpu',
    ],
    id,
  )
}

conformance('process', openBench)

const root = process.getuid?.() === 0
describe.runIf(root)('the process engine as root', { timeout: patient }, () => {
  let bench: Bench
  beforeAll(async () => void (bench = await openBench()), patient)
  afterAll(() => bench.destroy(), patient)

  test('says that everything holds', () => {
    expect(bench.engine.describe()).toMatchObject({
      sandbox: 'bubblewrap',
      network: 'site',
      teamsApart: true,
      warnings: [],
    })
  })

  test('shows a service nothing of the machine: no homes, no checkout, no platform data, no other processes', async () => {
    const service = await serve(bench)
    for (const path of ['/home', '/root', checkout, bench.folder, '/var/lib/m3o-registry', '/run/netns', '/boot']) {
      expect([path, await ask(service, '/exists', { path })]).toEqual([path, false])
    }
    const processes = await ask<string[]>(service, '/processes')
    expect(processes.filter((each) => !each.startsWith('bwrap') && !each.startsWith('node'))).toEqual([])
    expect(processes.join()).not.toContain(bench.folder)
    const status = await ask<string>(service, '/read', { path: '/proc/self/status' })
    expect(status).toMatch(/CapEff:\s+0+\n/)
    expect(status).toMatch(/CapBnd:\s+0+\n/)
    expect(status).toMatch(/NoNewPrivs:\s+1\n[^]*Seccomp:\s+2\n/)
    expect(await ask<string>(service, '/run', { command: 'touch /usr/x /etc/x /m3o/x /x; unshare -U true' })).toMatch(
      /(Read-only file system[^]*){4}unshare failed: Operation not permitted/,
    )
    expect(await ask<string>(service, '/run', { command: 'ls /proc/self/fd | tail -n +5' })).toBe('')
    await bench.engine.remove(service.id)
  })

  test('has the promised programs on PATH', async () => {
    const service = await serve(bench)
    const versions = await ask<string>(service, '/run', {
      command: 'node -v; npm -v; npx -v; python3 -V; id -un; echo $HOME; touch ~/x /tmp/x',
    })
    expect(versions).toMatch(
      /^v24\.\d+\.\d+\n\d+\.\d+\.\d+\n\d+\.\d+\.\d+\nPython 3\.\d+\.\d+\nservice\n\/var\/home\n$/,
    )
    await bench.engine.remove(service.id)
  })

  test('keeps secrets out of every process list and off the disk', async () => {
    const secret = 'hunter2-never-in-a-list'
    const service = await serve(bench, { env: { SECRET: secret } })
    const session = await bench.engine.exec(service.id, { command: ['cat'], env: { OTHER: secret } })
    const lists = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => read(`/proc/${pid}/cmdline`))
    expect(lists.join()).not.toContain(secret)
    session.end()
    await session.exited
    const files = readdirSync(bench.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    for (const file of files) expect(read(`${file.parentPath}/${file.name}`)).not.toContain(secret)
    await bench.engine.remove(service.id)
  })

  test('sets the limits on calls and rights again in a terminal', async () => {
    const service = await serve(bench)
    const { out } = await textOf(
      await bench.engine.exec(service.id, {
        command: ['grep', '-E', '^(CapEff|CapBnd|NoNewPrivs|Seccomp):', '/proc/self/status'],
      }),
    )
    expect(out).toBe('CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n')
    await bench.engine.remove(service.id)
  })

  test('keeps teams apart from each other and from the machine, and lets them reach the gateway', async () => {
    const one = await serve(bench)
    const two = await serve(bench, { teamId: 'team_two', environmentId: 'env_two' })
    const { gatewayAddress } = two
    const gateway = createServer((socket) => socket.end()).listen(bench.gatewayPort, gatewayAddress)
    const other = createServer((socket) => socket.end()).listen(0, '0.0.0.0')
    await Promise.all([once(gateway, 'listening'), once(other, 'listening')])
    const { port } = other.address() as { port: number }
    const from = (host: string, to: number) =>
      ask<{ outcome: string; ms: number }>(two, '/connect', { host, port: String(to) })

    expect(await from(gatewayAddress, bench.gatewayPort)).toMatchObject({ outcome: 'connected' })
    const refused = [
      [one.address, one.port], // another team's service
      [gatewayAddress, port], // another port of the machine
      ['169.254.169.254', 80], // a cloud's metadata
      ['10.0.0.1', 80],
      ['192.168.0.1', 80],
      ['172.17.0.1', 80],
      ['100.64.0.1', 80],
    ] as const
    for (const [host, to] of refused) {
      const { outcome, ms } = await from(host, to)
      expect([host, outcome]).toEqual([host, 'ECONNREFUSED'])
      expect(ms).toBeLessThan(500)
    }
    expect(await from('fe80::1%eth0', port)).not.toMatchObject({ outcome: 'connected' })
    gateway.close()
    other.close()
    await bench.engine.remove(one.id)
    await bench.engine.remove(two.id)
  })

  test('isolates the services and environments of one team, and gives each job a network of its own', async () => {
    const one = await serve(bench)
    const again = await serve(bench)
    const beside = await serve(bench, { serviceId: 'svc_beside' })
    const personal = await serve(bench, { environmentId: 'env_ann' })
    expect(again.address).toBe(one.address)
    expect(new Set([one, beside, personal].map(({ address }) => address)).size).toBe(3)
    const outcome = async (from: Placement, to: Placement) =>
      (await ask<{ outcome: string }>(from, '/connect', { host: to.address, port: String(to.port) })).outcome
    expect(await outcome(one, again)).toBe('connected')
    for (const [from, to] of [
      [one, beside],
      [beside, one],
      [one, personal],
      [personal, one],
    ] as const)
      expect(await outcome(from, to)).toBe('ECONNREFUSED')
    const job = async () => {
      const { id, logs, address } = await bench.engine.start(
        specOf(
          bench,
          [
            'node',
            '-e',
            `require('net').connect(${one.port}, '${one.address}').on('connect', () => console.log('connected')).on('error', (error) => console.log(error.code))`,
          ],
          { job: true, port: 0 },
        ),
      )
      await exitsOf(bench.engine).of(id)
      await bench.engine.remove(id)
      return { said: readFileSync(logs.stdout, 'utf8'), address }
    }
    const jobs = [await job(), await job()]
    expect(jobs.map(({ said }) => said)).toEqual(['ECONNREFUSED\n', 'ECONNREFUSED\n'])
    expect(new Set([one.address, ...jobs.map(({ address }) => address)]).size).toBe(3)
    for (const { id } of [one, again, beside, personal]) await bench.engine.remove(id)
  })

  test('takes calls from the platform only: not from another account of the machine', async () => {
    const service = await serve(bench)
    const attempt = `require('net').connect(${service.port}, '${service.address}').on('connect', () => { console.log('connected'); process.exit() }).on('error', (error) => console.log(error.code))`
    const from = (uid: string) =>
      promisify(execFile)('setpriv', [
        '--reuid',
        uid,
        '--regid',
        uid,
        '--clear-groups',
        process.execPath,
        '-e',
        attempt,
      ]).then(({ stdout }) => stdout.trim())
    expect([await from('0'), await from('65534')]).toEqual(['connected', 'ECONNREFUSED'])
    await bench.engine.remove(service.id)
  })

  test('after a kill takes over the networks in which something runs, and removes those that are half made or wait', async () => {
    const other = await openBench()
    const prefix = `m3${installationOf(other.folder)}`
    const service = await serve(other)
    await eventually(() => expect(namesWith(['/run/netns'], prefix)).toHaveLength(5))
    await other.engine.close()
    await promisify(execFile)('ip', ['netns', 'add', `${prefix}_zz`])
    const engine = await other.reopen()
    expect(namesWith(['/run/netns', '/sys/class/net'], prefix).filter((name) => name !== `${prefix}_0`)).toHaveLength(2)
    expect(await ask(service, '/')).toBe('hello')
    expect(engine.list()[0]).toMatchObject({ address: service.address, gatewayAddress: service.gatewayAddress })
    const [again, personal] = [await serve(other), await serve(other, { environmentId: 'env_ann' })]
    expect(again).toMatchObject({ address: service.address, gatewayAddress: service.gatewayAddress })
    expect(
      (await ask<{ outcome: string }>(personal, '/connect', { host: service.address, port: String(service.port) }))
        .outcome,
    ).toBe('ECONNREFUSED')
    await other.destroy()
  })

  test('leaves no process and no control group of an instance that has ended', async () => {
    const { id, identity } = await bench.engine.start(specOf(bench, ['node', 'leaves-child.mjs']))
    await exitsOf(bench.engine).of(id)
    expect([identity.init, identity.payload].filter(isAlive)).toEqual([])
    expect(identity.cgroups.filter((folder) => existsSync(folder))).toEqual([])
  })

  test('a job can install packages, with the operator’s registry and certificates', async () => {
    const sourceDir = `${bench.folder}/installs`
    mkdirSync(sourceDir)
    writeFileSync(`${sourceDir}/package.json`, '{"dependencies":{"is-odd":"3.0.1"}}')
    const { env, binds } = await readOperatorRegistry()
    const limits = { memoryMiB: 1024, cpu: 2, pids: 200 }
    const job = specOf(bench, ['sh', '-c', 'npm install --no-audit --no-fund && node -p "require(\'is-odd\')(3)"'], {
      sourceDir,
      env,
      binds,
      limits,
      job: true,
      port: 0,
    })
    const { logs, id } = await bench.engine.start(job)
    const { exitCode } = await exitsOf(bench.engine).of(id)
    expect([exitCode, readFileSync(logs.stderr, 'utf8')]).toEqual([0, expect.not.stringContaining('ERR')])
    expect(readFileSync(logs.stdout, 'utf8')).toMatch(/true\n$/)
  })

  test('a library that a service preloads is not loaded by the tools that run as root', async () => {
    const { logs, id } = await bench.engine.start(
      specOf(bench, ['true'], { env: { LD_PRELOAD: '/app/evil.so', BASH_ENV: '/app/evil' } }),
    )
    const exits = exitsOf(bench.engine)
    await exits.of(id)
    expect(readFileSync(logs.stderr, 'utf8').match(/evil\.so/g)).toHaveLength(1)
  })

  test('ends what runs of an installation whose home was deleted, before its user ids go to others', async () => {
    const gone = await openBench()
    const service = await serve(gone)
    const id = installationOf(gone.folder)
    await gone.engine.close()
    rmSync(gone.folder, { recursive: true })
    await bench.engine.prepare({ teamId: 'team_new', environmentId: 'env_new', serviceId: 'svc_new' })
    expect(isAlive(service.identity.payload)).toBe(false)
    expect(leftovers(id)).toEqual([])
    const { stdout } = await promisify(execFile)('ip', ['-4', '-o', 'addr', 'show', 'lo'])
    expect(stdout).not.toContain(`${service.gatewayAddress}/`)
    expect(read('/var/lib/m3o-registry/networks.json')).not.toContain(id)
  })

  test('a runtime killed at once leaves its instances running, and the next one still gets the exit code', async () => {
    const other = await openBench()
    const spec = specOf(other, ['node', 'serve.mjs'])
    await other.engine.close()
    const daemon = spawn(process.execPath, ['--input-type=module', '-e', daemonText(other.folder, spec)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(daemon.stdout, 'data')
    daemon.kill('SIGKILL')
    await once(daemon, 'close')

    const engine = await other.reopen()
    const exits = exitsOf(engine)
    const [placement] = engine.list()
    if (!placement) throw new Error('nothing was adopted')
    expect(placement.id).toBe(spec.id)
    expect(await eventually(() => ask(placement, '/'))).toBe('hello')
    await ask(placement, '/exit', { code: '42' }).catch(() => {})
    expect(await exits.of(placement.id)).toMatchObject({ exitCode: 42, stopped: false })
    await other.destroy()
  })
})

function namesWith(folders: string[], id: string): string[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).filter((name) => name.includes(id)))
}

/** A process that starts an instance, says so, and waits to be killed. */
function daemonText(home: string, spec: object): string {
  const module = new URL('process-engine.ts', import.meta.url).href
  return `
    const { openProcessEngine } = await import(${JSON.stringify(module)})
    const engine = await openProcessEngine(${JSON.stringify({ home, gatewayPort: 18_080, checkout })})
    const spec = ${JSON.stringify({ ...spec, sourceDir: programs })}
    const { instanceAddress } = await engine.prepare(spec)
    await engine.start({ ...spec, env: { PORT: String(spec.port), HOST: instanceAddress } })
    console.log('started')
    setInterval(() => {}, 1000)
  `
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

describe('the process engine without bubblewrap', { timeout: patient }, () => {
  test('says what is weaker, and still runs, stops and adopts services', async () => {
    const home = mkdtempSync(`${tmpdir()}/m3o-plain-`)
    const options = { home, gatewayPort: 18_080, checkout, without: ['bubblewrap', 'control groups'] satisfies Without }
    let engine = await openProcessEngine(options)
    expect(engine.describe()).toMatchObject({ sandbox: 'none', network: 'host', limits: 'rlimits', teamsApart: false })
    expect(engine.describe().warnings.join('\n')).toMatch(/plain processes[^]*share the network[^]*rlimit/)

    const bench = { engine, folder: home, gatewayPort: 18_080, reopen: async () => engine, destroy: async () => {} }
    const dataDir = `${home}/data`
    const service = await serve(bench, {
      port: 24_000 + (process.pid % 1000),
      dataDir,
      env: { M3O_DATA: '/data', SECRET: 'plain', PATH: '/app/node_modules/.bin:/m3o/bin:/usr/local/bin:/usr/bin:/bin' },
    })
    const data = (await ask<Record<string, string>>(service, '/env')).M3O_DATA
    await ask(service, '/write', { path: `${data}/file`, text: 'kept' })
    expect(read(`${dataDir}/file`)).toBe('kept')
    expect(await ask<string>(service, '/run', { command: 'node -v; npm -v; touch ~/x; pwd' })).toMatch(
      /^v24.*\n\d+\.[^]*\/app\n$/,
    )
    const { out, exitCode } = await textOf(
      await engine.exec(service.id, { command: ['sh', '-c', 'echo $SECRET; exit 6'] }),
    )
    expect([out, exitCode]).toEqual(['plain\n', 6])

    await engine.close()
    engine = await openProcessEngine(options)
    const exits = exitsOf(engine)
    expect(engine.list().map((each) => each.id)).toEqual([service.id])
    await ask(service, '/exit', { code: '12' }).catch(() => {})
    expect(await exits.of(service.id)).toMatchObject({ exitCode: 12 })
    const deaf = await engine.start(specOf(bench, ['node', 'deaf.mjs']))
    await eventually(() => expect(read(deaf.logs.stdout)).toContain('running'))
    await engine.stop(deaf.id, { graceMs: 200 })
    expect(await exits.of(deaf.id)).toMatchObject({ exitCode: 137, stopped: true })
    await engine.destroyTeamNetworks()
    await engine.close()
    await uninstallProcessEngine(home)
    rmSync(home, { recursive: true })
  })
})
