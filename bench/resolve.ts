/**
 * What finding the right copy of a service costs: a gateway that knows 1,000 environments, eight deep, beside one that
 * knows one; both know 1,000 services, and have the same upstream, taking turns in one run. First everybody works in one
 * environment, the deepest, whose copies are seven parents away; then each request goes to another environment and
 * service of the million pairs, which also costs the processor's caches.
 *
 * `node bench/resolve.ts [--seconds 4] [--rounds 5]` (needs wrk and nginx)
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { maxDepth, type RoutingTable } from '#contract/routing.ts'
import { freePort } from '#e2e/platform/processes.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '5' } },
})
const home = mkdtempSync(join(tmpdir(), 'm3o-bench-resolve-'))
const children: ChildProcess[] = []
const token = 'm3o_bench0123456789'
const upstream = await freePort()
const services = 1000
const limit = 0.02

function start(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(command, args, { stdio: 'ignore', env })
  children.push(child)
  return child
}

/** A tree of environments, eight deep, in which each overrides one service in a hundred. */
function tableOf(environments: number): RoutingTable {
  const table: RoutingTable = {
    version: 1,
    epoch: 'bench',
    teams: { t: { id: 't', name: 'demo', formerNames: [] } },
    environments: {},
    services: {},
    releases: {},
    laptops: {},
    callers: {},
    sessions: {},
    listeners: {},
    tokens: {
      tk: {
        id: 'tk',
        hash: hash('sha256', token),
        teamId: 't',
        personId: 'u',
        email: 'a@b.c',
        mayCall: true,
        environmentId: null,
        scope: {},
        expiresAt: null,
      },
    },
  }
  const release = (environmentId: string, serviceId: string) => {
    table.releases[`${environmentId}/${serviceId}`] = {
      environmentId,
      serviceId,
      deploymentId: 'd',
      revision: 'abc1234',
      state: 'live',
      reason: null,
      instances: [{ id: 'i', address: '127.0.0.1', port: upstream }],
    }
  }
  for (let n = 0; n < services; n++) {
    table.services[`s${n}`] = { id: `s${n}`, teamId: 't', name: `s${n}`, formerNames: [], audience: { kind: 'team' } }
    release('e0', `s${n}`)
  }
  for (let n = 0; n < environments; n++) {
    const parent = n === 0 ? null : n % (maxDepth - 1) === 1 ? 'e0' : `e${n - 1}`
    table.environments[`e${n}`] = {
      id: `e${n}`,
      teamId: 't',
      name: `e${n}`,
      formerNames: [],
      parentId: parent,
      generation: 1,
      gone: null,
    }
    if (n > 0) for (let service = n % 100; service < services; service += 100) release(`e${n}`, `s${service}`)
  }
  return table
}

async function startGateway(name: string, table: RoutingTable): Promise<string> {
  const folder = join(home, name)
  mkdirSync(join(folder, 'run'), { recursive: true })
  writeFileSync(join(folder, 'run/routes.json'), JSON.stringify(table))
  const port = await freePort()
  start(process.execPath, [join(import.meta.dirname, '../gateway/main.ts')], {
    NODE_ENV: 'production',
    M3O_HOME: folder,
    M3O_GATEWAY_PORT: String(port),
    M3O_LOG_LEVEL: 'warn',
  })
  const url = `http://127.0.0.1:${port}`
  for (let left = 200; ; left--) {
    const status = await fetch(`${url}/v1/s0/x`, { headers: { authorization: `Bearer ${token}` } }).then(
      (answer) => answer.status,
      () => 0,
    )
    if (status === 200) return url
    if (left === 0) throw new Error(`the gateway ${name} answers ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Both send the same requests but for the environment's name, a Lua expression. */
function script(name: string, environment: string): string {
  const path = join(home, `${name}.lua`)
  writeFileSync(
    path,
    `
local headers = { ["Authorization"] = "Bearer ${token}" }
request = function()
  headers["M3O-Environment"] = ${environment}
  return wrk.format("GET", "/v1/s" .. math.random(0, ${services - 1}) .. "/x", headers)
end
`,
  )
  return path
}

async function measure(url: string, lua: string): Promise<{ perSecond: number; p50: number }> {
  const { stdout } = await promisify(execFile)('wrk', [
    '-t1',
    '-c16',
    `-d${values.seconds}s`,
    '--latency',
    '-s',
    lua,
    url,
  ])
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
  const [, p50 = '', unit = ''] = /50%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? []
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50: Number(p50) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us'],
  }
}

interface Measured {
  url: string
  lua: string
}

/** Median over the rounds of the second's p50 by the first's. */
async function compare(name: string, few: Measured, lots: Measured): Promise<number> {
  const ratios: number[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const first = await measure(few.url, few.lua)
    const second = await measure(lots.url, lots.lua)
    ratios.push(second.p50 / first.p50)
    console.log(
      `${name}: p50 ${second.p50.toFixed(3)} ms, ${Math.round(second.perSecond)}/s · one: ${first.p50.toFixed(3)} ms, ${Math.round(first.perSecond)}/s`,
    )
  }
  return median(ratios)
}

const median = (figures: number[]) => figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? NaN

try {
  const config = join(home, 'upstream.conf')
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${home}/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000; client_body_temp_path ${home}/b; proxy_temp_path ${home}/p; fastcgi_temp_path ${home}/f; uwsgi_temp_path ${home}/u; scgi_temp_path ${home}/s;
server { listen 127.0.0.1:${upstream}; location / { default_type application/json; return 200 '{"text":"${'x'.repeat(1000)}"}'; } } }`,
  )
  start('nginx', ['-c', config])
  const one = { url: await startGateway('one', tableOf(1)), lua: script('one', '"e0"') }
  const many = await startGateway('many', tableOf(1000))
  const deep = { url: many, lua: script('deep', `"e${maxDepth - 1}"`) }
  const scattered = { url: many, lua: script('scattered', `"e" .. math.random(0, 999)`) }
  for (const { url, lua } of [one, deep]) await measure(url, lua)
  const ratio = await compare('1,000 environments, one in use', one, deep)
  const all = await compare('1,000 environments, all in use', one, scattered)
  console.log(
    `p50 against one environment: ${ratio.toFixed(3)} (reach ≤ ${1 + limit}); with a million pairs in use ${all.toFixed(3)}`,
  )
  process.exitCode = ratio <= 1 + limit ? 0 : 1
} finally {
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(
    children.map(async (child) => child.exitCode ?? new Promise((resolve) => child.once('exit', resolve))),
  )
  rmSync(home, { recursive: true })
}
