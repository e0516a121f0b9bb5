/**
 * The gateway beside Caddy's and nginx's reverse proxies, one process each: 1 KB of JSON, 16 connections, the same upstream,
 * taking turns in one run. Ours does everything that it does in use: token, audience, environment, trace, counting. wrk asks the
 * same again and again, as many callers do on a kept connection; `others` is the gateway where each request has another path and a
 * trace of its own, beside nginx with the same. Then by how much the gateway makes a single caller's request slower.
 *
 * What a request costs two gateways that share a port, beside one, is measured at the same pace for both: so many connections, each
 * of which thinks between its requests, that it comes to half of what one gateway can do. At full speed two of anything do more in
 * a second than one, and share two cores with wrk and the upstream: then it is the sharing that is measured. The same is told of
 * nginx with two workers and of two Node processes that only copy bytes, as what two of anything cost more on this machine.
 *
 * All of them, wrk too, have the priority that the gateway gives itself. Otherwise each byte for it would interrupt whoever sent it: a
 * process that only copies then costs 1.36 times as much as two as it does as one, and 1.02 times where all are equal.
 *
 * `node bench/gateway.ts [--seconds 4] [--rounds 5]`
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { platformFlags } from '#cli/server/platform-programs.ts'
import { freePort } from '#e2e/platform/processes.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '5' } },
})
if (process.getuid?.() === 0) setPriority(-10)
const home = mkdtempSync(join(tmpdir(), 'm3o-bench-gateway-'))
const children: ChildProcess[] = []

function start(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore'], env })
  children.push(child)
  return child
}

/** User and system time of a process and its children that live, in ms; nginx works in a child. */
function cpuMs(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const fields = rest.split(' ')
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  return (Number(fields[11]) + Number(fields[12])) * 10 + children.reduce((sum, child) => sum + cpuMs(Number(child)), 0)
}

async function answers(url: string): Promise<void> {
  for (let left = 100; ; left--) {
    const status = await fetch(url, { headers }).then(
      (answer) => answer.status,
      () => 0,
    )
    if (status === 200) return
    if (left === 0) throw new Error(`${url} answers ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const token = 'm3o_bench0123456789'
const headers = { authorization: `Bearer ${token}` }
const [upstream, nginx, nginxes, caddy, gateway, gateways, copy, copies] = (await Promise.all(
  Array.from({ length: 8 }, freePort),
)) as [number, number, number, number, number, number, number, number]
const json = JSON.stringify({ text: 'x'.repeat(1024 - 11) })

function nginxConfig(name: string, server: string, workers = 1): string {
  const path = join(home, `${name}.conf`)
  writeFileSync(
    path,
    `daemon off; worker_processes ${workers}; pid ${home}/${name}.pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000; client_body_temp_path ${home}/${name}-b; proxy_temp_path ${home}/${name}-p;
fastcgi_temp_path ${home}/${name}-f; uwsgi_temp_path ${home}/${name}-u; scgi_temp_path ${home}/${name}-s;
${server} }`,
  )
  return path
}

function table() {
  const team = { id: 't_1', name: 'demo', formerNames: [] }
  return {
    version: 1,
    epoch: 'bench',
    teams: { t_1: team },
    callers: {},
    sessions: {},
    listeners: {},
    environments: {
      e_1: { id: 'e_1', teamId: 't_1', name: 'production', formerNames: [], parentId: null, generation: 1, gone: null },
    },
    services: { s_1: { id: 's_1', teamId: 't_1', name: 'hello', formerNames: [], audience: { kind: 'team' } } },
    releases: {
      'e_1/s_1': {
        environmentId: 'e_1',
        serviceId: 's_1',
        deploymentId: 'd_1',
        revision: 'abc1234',
        state: 'live',
        reason: null,
        instances: [{ id: 'i_1', address: '127.0.0.1', port: upstream }],
      },
    },
    tokens: {
      tk_1: {
        id: 'tk_1',
        hash: hash('sha256', token),
        teamId: 't_1',
        personId: 'u_1',
        email: 'a@b.c',
        mayCall: true,
        environmentId: null,
        scope: {},
        expiresAt: null,
      },
    },
  }
}

interface Figures {
  perSecond: number
  cpuMicros: number
  p50: number
}

interface Measured {
  url: string
  processes: ChildProcess[]
}

async function measure(
  { url, processes }: Measured,
  { connections = 16, script }: { connections?: number; script?: string } = {},
): Promise<Figures> {
  const cpu = () => processes.reduce((sum, { pid }) => sum + cpuMs(pid ?? 0), 0)
  const before = cpu()
  const { stdout } = await promisify(execFile)('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${values.seconds}s`,
    '--latency',
    '-H',
    `Authorization: Bearer ${token}`,
    ...(script === undefined ? [] : ['-s', script]),
    url,
  ])
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
  const [, p50 = '', unit = ''] = /50%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? []
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    cpuMicros: ((cpu() - before) * 1000) / requests,
    p50: Number(p50) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us'],
  }
}

function startGateway(name: string, port: number): ChildProcess {
  const folder = join(home, name)
  mkdirSync(join(folder, 'run'), { recursive: true })
  writeFileSync(join(folder, 'run/routes.json'), JSON.stringify(table()))
  return start(process.execPath, [...platformFlags.gateway, join(import.meta.dirname, '../gateway/main.ts')], {
    NODE_ENV: 'production',
    M3O_HOME: folder,
    M3O_GATEWAY_PORT: String(port),
    M3O_LOG_LEVEL: 'warn',
  })
}

/** A script for wrk. */
function lua(name: string, text: string): string {
  const path = join(home, `${name}.lua`)
  writeFileSync(path, text)
  return path
}

/** A proxy that does nothing but copy. */
const copying = `import { connect, createServer } from 'node:net'
const [port, upstream] = process.argv.slice(-2).map(Number)
createServer({ noDelay: true }, (caller) => {
  const service = connect({ port: upstream, host: '127.0.0.1', noDelay: true })
  for (const [from, to] of [[caller, service], [service, caller]]) from.on('data', (bytes) => to.write(bytes)).on('close', () => to.destroy()).on('error', () => {})
}).listen({ port, host: '127.0.0.1', reusePort: true })`
const startCopy = (port: number) =>
  start(process.execPath, ['--input-type=module', '-e', copying, String(port), String(upstream)])

const median = (figures: number[]) => figures.toSorted((a, b) => a - b)[figures.length >> 1] as number

try {
  const upstreamProcess = start('nginx', [
    '-c',
    nginxConfig(
      'upstream',
      `server { listen 127.0.0.1:${upstream}; location / { default_type application/json; return 200 '${json}'; } }`,
    ),
  ])
  const proxying = (
    port: number,
  ) => `upstream u { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 1000000000; }
server { listen 127.0.0.1:${port} reuseport; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; } }`
  const nginxProcess = start('nginx', ['-c', nginxConfig('proxy', proxying(nginx))])
  writeFileSync(
    join(home, 'Caddyfile'),
    `{\n admin off\n auto_https off\n}\nhttp://127.0.0.1:${caddy} {\n reverse_proxy 127.0.0.1:${upstream}\n}\n`,
  )
  const caddyProcess = start('caddy', ['run', '--config', join(home, 'Caddyfile'), '--adapter', 'caddyfile'], {
    ...process.env,
    HOME: home,
    XDG_DATA_HOME: home,
    XDG_CONFIG_HOME: home,
  })
  const measured = {
    'no proxy': { url: `http://127.0.0.1:${upstream}/`, processes: [upstreamProcess] },
    nginx: { url: `http://127.0.0.1:${nginx}/`, processes: [nginxProcess] },
    caddy: { url: `http://127.0.0.1:${caddy}/`, processes: [caddyProcess] },
    gateway: { url: `http://127.0.0.1:${gateway}/v1/hello/Say`, processes: [startGateway('gateway', gateway)] },
  } satisfies Record<string, Measured>
  const pairs: Record<'nginx' | 'copying' | 'gateway', [Measured, Measured]> = {
    nginx: [
      measured.nginx,
      {
        url: `http://127.0.0.1:${nginxes}/`,
        processes: [start('nginx', ['-c', nginxConfig('proxies', proxying(nginxes), 2)])],
      },
    ],
    copying: [
      { url: `http://127.0.0.1:${copy}/`, processes: [startCopy(copy)] },
      { url: `http://127.0.0.1:${copies}/`, processes: [startCopy(copies), startCopy(copies)] },
    ],
    gateway: [
      measured.gateway,
      {
        url: `http://127.0.0.1:${gateways}/v1/hello/Say`,
        processes: [startGateway('first', gateways), startGateway('second', gateways)],
      },
    ],
  }
  const others = lua(
    'others',
    `local requests, n = {}, 0
function init()
  for i = 1, 4096 do
    requests[i] = wrk.format(nil, wrk.path .. '?n=' .. i, { Authorization = 'Bearer ${token}', traceparent = string.format('00-%032x-%016x-01', i, i) })
  end
end
function request()
  n = n % 4096 + 1
  return requests[n]
end`,
  )
  const all = [...Object.values(measured), ...Object.values(pairs).flat()]
  for (const { url } of all) await answers(url)
  for (const each of all) await measure(each)
  // As warm as the one that is measured all the time.
  for (let left = Number(values.rounds); left > 0; left--)
    for (const [, two] of Object.values(pairs)) await measure(two)
  type Name = keyof typeof measured | 'nginx, others' | 'gateway, others'
  const figures = {
    'no proxy': [],
    nginx: [],
    caddy: [],
    gateway: [],
    'nginx, others': [],
    'gateway, others': [],
  } as Record<Name, Figures[]>
  const added: number[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, each] of Object.entries(measured)) figures[name as Name].push(await measure(each))
    for (const name of ['nginx', 'gateway'] as const)
      figures[`${name}, others`].push(await measure(measured[name], { script: others }))
    const direct = await measure(measured['no proxy'], { connections: 1 })
    added.push((await measure(measured.gateway, { connections: 1 })).p50 - direct.p50)
  }
  const pace = median(figures.gateway.map(({ perSecond }) => perSecond)) / 2
  const connections = 64
  const thinkMs = Math.max(1, Math.round((connections / pace) * 1000))
  const thinking = lua('thinking', `function delay() return math.random(0, ${2 * thinkMs}) end`)
  const paced: Record<keyof typeof pairs, [Figures, Figures][]> = { nginx: [], copying: [], gateway: [] }
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, [one, two]] of Object.entries(pairs)) {
      const [ofOne, ofBoth] = [
        await measure(one, { connections, script: thinking }),
        await measure(two, { connections, script: thinking }),
      ]
      paced[name as keyof typeof pairs].push([ofOne, ofBoth])
    }
  }
  const of = (name: Name, figure: 'perSecond' | 'cpuMicros') => median(figures[name].map((each) => each[figure]))
  for (const name of Object.keys(figures) as Name[]) {
    console.log(
      `${name.padEnd(15)} ${Math.round(of(name, 'perSecond')).toLocaleString('en').padStart(7)} requests/s · ${of(name, 'cpuMicros').toFixed(0).padStart(4)} µs of CPU a request`,
    )
  }
  const ofTwo = (name: keyof typeof pairs) => median(paced[name].map(([one, two]) => two.cpuMicros / one.cpuMicros))
  for (const [name, rounds] of Object.entries(paced)) {
    const [one, two] = [0, 1].map((at) => ({
      perSecond: median(rounds.map((each) => (each[at] as Figures).perSecond)),
      cpuMicros: median(rounds.map((each) => (each[at] as Figures).cpuMicros)),
    })) as [Figures, Figures]
    console.log(
      `at the pace of ${Math.round(pace).toLocaleString('en')}/s: ${name.padEnd(8)} one ${Math.round(one.perSecond)}/s, ${one.cpuMicros.toFixed(1)} µs · two ${Math.round(two.perSecond)}/s, ${two.cpuMicros.toFixed(1)} µs · two / one ${ofTwo(name as keyof typeof pairs).toFixed(2)}`,
    )
  }
  // Of the same round, as the machine may be busier in another.
  const against = (name: Name) =>
    median(figures.gateway.map(({ perSecond }, round) => perSecond / (figures[name][round]?.perSecond ?? 0)))
  const reaches = [
    { what: 'gateway / caddy', figure: against('caddy'), held: against('caddy') >= 1.5, reach: '≥ 1.50' },
    { what: 'gateway / nginx', figure: against('nginx'), held: against('nginx') >= 0.6, reach: '≥ 0.60' },
    { what: 'CPU of two / of one', figure: ofTwo('gateway'), held: ofTwo('gateway') <= 1.1, reach: '≤ 1.10' },
    { what: 'added p50, ms', figure: median(added), held: median(added) <= 0.3, reach: '≤ 0.30' },
  ]
  console.log(reaches.map(({ what, figure, reach }) => `${what} ${figure.toFixed(2)} (reach ${reach})`).join(' · '))
  process.exitCode = reaches.every(({ held }) => held) ? 0 : 1
} finally {
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(
    children.map(async (child) => child.exitCode ?? new Promise((resolve) => child.once('exit', resolve))),
  )
  rmSync(home, { recursive: true })
}
