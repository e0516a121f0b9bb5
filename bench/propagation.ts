import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { freePort } from '#e2e/platform/processes.ts'
import { buildPlatformDir } from '#sdk/platform/platform-folder.ts'

/*
 * What it costs a Node service that its calls stay in their environment: the same service started as the platform starts it
 * (`node --import=/m3o/preload.mjs`) and without that, taking turns, asked by wrk with the headers that the gateway sets.
 * Ratio of the medians over all rounds, of requests/s and of processor time a request.
 *
 * `node bench/propagation.ts [--seconds 2] [--rounds 11] [--service express]` (needs wrk); reach: ≥ 0.97 of the throughput.
 */

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '2' }, rounds: { type: 'string', default: '11' }, service: { type: 'string' } } })
const limit = 0.03
const home = mkdtempSync(join(tmpdir(), 'm3o-bench-propagation-'))
const children: ChildProcess[] = []

const services: Record<string, string> = {
  /** Reads a header, waits once, answers. */
  http: `import { createServer } from 'node:http'
createServer(async (request, response) => {
  await null
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ hello: request.headers['user-agent'] ?? 'world' }))
}).listen(process.env.PORT, '127.0.0.1')`,
  express: `import express from 'express'
const app = express()
app.use(express.json())
app.get('/hello/:name', async (request, response) => response.json({ hello: request.params.name }))
app.listen(process.env.PORT, '127.0.0.1')`,
  /** Calls another service for each of its answers. */
  'express, calling on': `import express from 'express'
import http from 'node:http'
const agent = new http.Agent({ keepAlive: true })
const app = express()
app.get('/hello/:name', async (request, response) => {
  const text = await new Promise((resolve, reject) => http.get(process.env.M3O_GATEWAY + '/echo/x', { agent }, (answer) => {
    let text = ''
    answer.on('data', (part) => { text += part }).on('end', () => resolve(text))
  }).on('error', reject))
  response.json(JSON.parse(text))
})
app.listen(process.env.PORT, '127.0.0.1')`,
}

/** User and system time so far, in ms. */
function cpuMs(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const fields = rest.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

const median = (figures: number[]) => figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? NaN

interface Started { url: string; pid: number; rounds: { perSecond: number; cpuMicros: number }[] }

async function start(name: string, options: string[], gateway: string): Promise<Started> {
  const port = await freePort()
  writeFileSync(join(home, `${name.replaceAll(/\W+/g, '-')}.mjs`), services[name] ?? '')
  const child = spawn(process.execPath, [...options, `${name.replaceAll(/\W+/g, '-')}.mjs`], {
    cwd: home, stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, PORT: String(port), M3O_GATEWAY: gateway, NODE_ENV: 'production', NODE_OPTIONS: '--max-old-space-size=384' },
  })
  children.push(child)
  const url = `http://127.0.0.1:${port}/hello/ann`
  for (let left = 100; (await fetch(url).then(({ status }) => status, () => 0)) !== 200; left--) {
    if (left === 0) throw new Error(`${name} does not answer`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { url, pid: child.pid ?? 0, rounds: [] }
}

async function measure({ url, pid, rounds }: Started): Promise<void> {
  const before = cpuMs(pid)
  const headers = ['baggage: m3o-env=env_01abcdefghij.12.AAAAAAAAAAAAAAAAAAAAAA', 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'm3o-hops: 1', 'm3o-caller: person="a@b.c", team="demo"']
  const { stdout } = await promisify(execFile)('wrk', ['-t1', '-c16', `-d${values.seconds}s`, ...headers.flatMap((header) => ['-H', header]), url])
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
  rounds.push({ perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]), cpuMicros: ((cpuMs(pid) - before) * 1000) / requests })
}

try {
  symlinkSync(join(import.meta.dirname, '../node_modules'), join(home, 'node_modules'))
  const preload = `--import=${await buildPlatformDir(join(home, 'platform'))}/preload.mjs`
  const other = createServer((_, response) => response.setHeader('content-type', 'application/json').end('{"hello":"world"}'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const gateway = `http://127.0.0.1:${(other.address() as AddressInfo).port}/~0123456789abcdef012345`
  const ratios: number[] = []
  for (const name of Object.keys(services).filter((each) => values.service === undefined || each === values.service)) {
    const [bare, carrying] = [await start(name, [], gateway), await start(name, [preload], gateway)]
    for (const each of [bare, carrying, bare, carrying]) await measure(each)
    for (const each of [bare, carrying]) each.rounds.length = 0
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const each of round % 2 === 0 ? [bare, carrying] : [carrying, bare]) await measure(each)
    }
    const of = (started: Started, figure: 'perSecond' | 'cpuMicros') => median(started.rounds.map((round) => round[figure]))
    const ratio = of(carrying, 'perSecond') / of(bare, 'perSecond')
    ratios.push(ratio)
    console.log(`${name.padEnd(20)} ${Math.round(of(carrying, 'perSecond'))}/s carrying, ${Math.round(of(bare, 'perSecond'))}/s bare: ${ratio.toFixed(3)} · processor time a request ${(of(carrying, 'cpuMicros') / of(bare, 'cpuMicros')).toFixed(3)} (${of(carrying, 'cpuMicros').toFixed(1)} µs, ${of(bare, 'cpuMicros').toFixed(1)} µs)`)
    for (const child of children.splice(0)) child.kill('SIGKILL')
  }
  console.log(`the least of the throughput that is kept: ${Math.min(...ratios).toFixed(3)} (reach ≥ ${1 - limit})`)
  process.exitCode = Math.min(...ratios) >= 1 - limit ? 0 : 1
  other.close()
  other.closeAllConnections()
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true })
}
