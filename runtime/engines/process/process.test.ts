import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Bench } from '../conformance.ts'
import { ask, conformance, eventually, exitsOf, patient, programs, serve, specOf, textOf } from '../conformance.ts'
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
      expect(leftovers(home)).toEqual([])
      await uninstallProcessEngine(home)
      rmSync(home, { recursive: true })
    },
  }
  return bench
}

/** What of an installation is still on the machine. */
function leftovers(home: string): string[] {
  const id = installationOf(home)
  const folders = ['/run/netns', '/sys/class/net', '/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids', '/sys/fs/cgroup/cpu']
  return folders.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder).filter((name) => name.includes(id)))
}

conformance('process', openBench)

const root = process.getuid?.() === 0
describe.runIf(root)('the process engine as root', { timeout: patient }, () => {
  let bench: Bench
  beforeAll(async () => void (bench = await openBench()), patient)
  afterAll(() => bench.destroy(), patient)

  test('says that everything holds', () => {
    expect(bench.engine.describe()).toMatchObject({ sandbox: 'bubblewrap', network: 'team', teamsApart: true, warnings: [] })
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
    const versions = await ask<string>(service, '/run', { command: 'node -v; npm -v; npx -v; python3 -V; id -un; echo $HOME; touch ~/x /tmp/x' })
    expect(versions).toMatch(/^v24\.\d+\.\d+\n\d+\.\d+\.\d+\n\d+\.\d+\.\d+\nPython 3\.\d+\.\d+\nservice\n\/var\/home\n$/)
    await bench.engine.remove(service.id)
  })

  test('keeps secrets out of every process list and off the disk', async () => {
    const secret = 'hunter2-never-in-a-list'
    const service = await serve(bench, { env: { SECRET: secret } })
    const session = await bench.engine.exec(service.id, { command: ['cat'], env: { OTHER: secret } })
    const lists = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => read(`/proc/${pid}/cmdline`))
    expect(lists.join()).not.toContain(secret)
    session.end()
    await session.exited
    const files = readdirSync(bench.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    for (const file of files) expect(read(`${file.parentPath}/${file.name}`)).not.toContain(secret)
    await bench.engine.remove(service.id)
  })

  test('sets the limits on calls and rights again in a terminal', async () => {
    const service = await serve(bench)
    const { out } = await textOf(await bench.engine.exec(service.id, { command: ['grep', '-E', '^(CapEff|CapBnd|NoNewPrivs|Seccomp):', '/proc/self/status'] }))
    expect(out).toBe('CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n')
    await bench.engine.remove(service.id)
  })

  test('keeps teams apart from each other and from the machine, and lets them reach the gateway', async () => {
    const one = await serve(bench)
    const two = await serve(bench, { teamId: 'team_two' })
    const { gatewayAddress } = await bench.engine.prepareTeam('team_two')
    const gateway = createServer((socket) => socket.end()).listen(bench.gatewayPort, gatewayAddress)
    const other = createServer((socket) => socket.end()).listen(0, '0.0.0.0')
    await Promise.all([once(gateway, 'listening'), once(other, 'listening')])
    const { port } = other.address() as { port: number }
    const from = (host: string, to: number) => ask<{ outcome: string; ms: number }>(two, '/connect', { host, port: String(to) })

    expect(await from(gatewayAddress, bench.gatewayPort)).toMatchObject({ outcome: 'connected' })
    const refused = [
      [one.address, one.port], // another team's service
      [gatewayAddress, port], // another port of the machine
      [(await bench.engine.prepareTeam('team_one')).gatewayAddress, bench.gatewayPort], // another team's way to the gateway
      ['169.254.169.254', 80], // a cloud's metadata
      ['10.0.0.1', 80], ['192.168.0.1', 80], ['172.17.0.1', 80], ['100.64.0.1', 80],
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

  test('leaves no process and no control group of an instance that has ended', async () => {
    const { id, identity } = await bench.engine.start(specOf(bench, ['node', 'leaves-child.mjs']))
    await exitsOf(bench.engine).of(id)
    expect([identity.init, identity.payload].filter(isAlive)).toEqual([])
    expect(identity.cgroups.filter((folder) => existsSync(folder))).toEqual([])
  })

  test('a library that a service preloads is not loaded by the tools that run as root', async () => {
    const { logs, id } = await bench.engine.start(specOf(bench, ['true'], { env: { LD_PRELOAD: '/app/evil.so', BASH_ENV: '/app/evil' } }))
    const exits = exitsOf(bench.engine)
    await exits.of(id)
    expect(readFileSync(logs.stderr, 'utf8').match(/evil\.so/g)).toHaveLength(1)
  })

  test('a runtime killed at once leaves its instances running, and the next one still gets the exit code', async () => {
    const other = await openBench()
    const spec = specOf(other, ['node', 'serve.mjs'])
    await other.engine.close()
    const daemon = spawn(process.execPath, ['--input-type=module', '-e', daemonText(other.folder, spec)], { stdio: ['ignore', 'pipe', 'inherit'] })
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

/** A process that starts an instance, says so, and waits to be killed. */
function daemonText(home: string, spec: object): string {
  const module = new URL('process-engine.ts', import.meta.url).href
  return `
    const { openProcessEngine } = await import(${JSON.stringify(module)})
    const engine = await openProcessEngine(${JSON.stringify({ home, gatewayPort: 18_080, checkout })})
    const { instanceAddress } = await engine.prepareTeam('team_one')
    const spec = ${JSON.stringify({ ...spec, sourceDir: programs })}
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
