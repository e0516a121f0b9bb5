import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '#e2e/platform/processes.ts'
import { buildPlatformDir } from '#sdk/platform/platform-folder.ts'

/*
 * What it costs a Node service that its calls stay in their environment: the same service started as the platform starts it
 * (`node --import=/m3o/preload.mjs`) and without that, asked with the headers that the gateway sets. Two processes take turns
 * in short rounds, first the one and then the other, so that what else the machine does falls on both; each pair of rounds
 * gives a ratio, and there are several pairs of processes, for each has luck of its own. Median of the ratios, its standard
 * error, and the quartiles. What counts is by the processor time of the service, all of which it has when it answers as much as
 * it can; by the clock the same is told, and what else the machine did.
 *
 * `node bench/propagation.ts [--ms 250] [--pairs 10] [--starts 6] [--service express]`; reach: ≥ 0.97 of the throughput.
 */

const { values } = parseArgs({
  options: {
    ms: { type: 'string', default: '250' },
    pairs: { type: 'string', default: '10' },
    starts: { type: 'string', default: '6' },
    service: { type: 'string' },
  },
})
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

/** Asks what it is told to, 16 at once on connections that it keeps, for as long as it is told to; says how many answers came. */
const asking = `
const { connect } = require('node:net')
const { host, port, path, headers } = JSON.parse(process.argv[1])
const request = Buffer.from('GET ' + path + ' HTTP/1.1\\r\\nHost: ' + host + ':' + port + '\\r\\n' + headers.map((each) => each + '\\r\\n').join('') + '\\r\\n')
let answers = 0, until = 0, busy = 0, length = 0
const sockets = Array.from({ length: 16 }, () => {
  const socket = connect(port, host)
  let got = 0
  socket.setNoDelay(true).on('data', (part) => {
    // All answers are as long as the first one.
    if (length === 0) {
      const text = String(part)
      if (!text.startsWith('HTTP/1.1 200')) throw new Error(text)
      length = text.indexOf('\\r\\n\\r\\n') + 4 + Number(/content-length: (\\d+)/i.exec(text)[1])
    }
    got += part.length
    if (got < length) return
    if (got !== length || part.toString('latin1', 0, 4) !== 'HTTP') throw new Error('another answer: ' + part)
    got = 0
    answers++
    if (performance.now() < until) socket.write(request)
    else if (--busy === 0) process.send({ answers, ms: performance.now() - began })
  }).on('error', (error) => { throw error })
  return socket
})
let began
process.on('message', (ms) => {
  answers = 0
  busy = sockets.length
  began = performance.now()
  until = began + ms
  for (const socket of sockets) socket.write(request)
})
process.on('disconnect', () => process.exit())
`

/** Processor time so far, of all its threads, in ms. */
function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  return threads.reduce(
    (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6,
    0,
  )
}

/** Of sorted figures. */
const quantile = (sorted: number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? NaN
const median = (figures: number[]) =>
  quantile(
    figures.toSorted((a, b) => a - b),
    0.5,
  )

/** What 1,000 drawings with replacement say of how far the median may be off. */
function errorOfMedian(figures: number[]): number {
  const medians = Array.from({ length: 1000 }, () =>
    median(figures.map(() => figures[Math.floor(Math.random() * figures.length)] ?? NaN)),
  )
  const mean = medians.reduce((sum, each) => sum + each, 0) / medians.length
  return Math.sqrt(medians.reduce((sum, each) => sum + (each - mean) ** 2, 0) / medians.length)
}

interface Started {
  pid: number
  asker: ChildProcess
}
/** Answers a second, and processor time that each took, in µs. */
interface Round {
  perSecond: number
  micros: number
}

const headers = [
  'baggage: m3o-env=env_01abcdefghij.12.AAAAAAAAAAAAAAAAAAAAAA',
  'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  'm3o-hops: 1',
  'm3o-caller: person="a@b.c", team="demo"',
]

async function start(name: string, options: string[], gateway: string): Promise<Started> {
  const port = await freePort()
  const file = `${name.replaceAll(/\W+/g, '-')}.mjs`
  writeFileSync(join(home, file), services[name] ?? '')
  const child = spawn(process.execPath, [...options, file], {
    cwd: home,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      M3O_GATEWAY: gateway,
      NODE_ENV: 'production',
      NODE_OPTIONS: '--max-old-space-size=384',
    },
  })
  const path = '/hello/ann'
  for (
    let left = 200;
    (await fetch(`http://127.0.0.1:${port}${path}`).then(
      ({ status }) => status,
      () => 0,
    )) !== 200;
    left--
  ) {
    if (left === 0) throw new Error(`${name} does not respond`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const asker = spawn(process.execPath, ['-e', asking, JSON.stringify({ host: '127.0.0.1', port, path, headers })], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.push(child, asker)
  return { pid: child.pid ?? 0, asker }
}

async function measure(started: Started): Promise<Round> {
  const before = cpuMs(started.pid)
  const { answers, ms } = await new Promise<{ answers: number; ms: number }>((resolve, reject) => {
    started.asker.once('message', resolve as (message: unknown) => void).once('exit', reject)
    started.asker.send(Number(values.ms))
  })
  started.asker.removeAllListeners('exit')
  return { perSecond: (answers * 1000) / ms, micros: ((cpuMs(started.pid) - before) * 1000) / answers }
}

function tell(ratios: number[]): string {
  const sorted = ratios.toSorted((a, b) => a - b)
  return `${median(sorted).toFixed(3)} ± ${errorOfMedian(sorted).toFixed(3)} (quartiles ${quantile(sorted, 0.25).toFixed(3)} to ${quantile(sorted, 0.75).toFixed(3)})`
}

try {
  symlinkSync(join(import.meta.dirname, '../node_modules'), join(home, 'node_modules'))
  const preload = `--import=${await buildPlatformDir(join(home, 'platform'))}/preload.mjs`
  const other = createServer((_, response) =>
    response.setHeader('content-type', 'application/json').end('{"hello":"world"}'),
  )
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const gateway = `http://127.0.0.1:${(other.address() as AddressInfo).port}/~0123456789abcdef012345`
  const least: number[] = []
  for (const name of Object.keys(services).filter((each) => values.service === undefined || each === values.service)) {
    const pairs: { bare: Round; carrying: Round }[] = []
    for (let nth = 0; nth < Number(values.starts); nth++) {
      const bare = await start(name, [], gateway)
      const carrying = await start(name, [preload], gateway)
      // Until they are compiled.
      for (let round = 0; round < 4; round++) for (const each of [bare, carrying]) await measure(each)
      for (let round = 0; round < Number(values.pairs); round++) {
        if (round % 2 === 0) pairs.push({ bare: await measure(bare), carrying: await measure(carrying) })
        else pairs.push({ carrying: await measure(carrying), bare: await measure(bare) })
      }
      for (const child of children.splice(0)) child.kill('SIGKILL')
    }
    const byProcessor = pairs.map(({ bare, carrying }) => bare.micros / carrying.micros)
    least.push(median(byProcessor))
    const of = (which: 'bare' | 'carrying', figure: keyof Round) => median(pairs.map((pair) => pair[which][figure]))
    console.log(
      `${name.padEnd(20)} ${tell(byProcessor)}: ${of('carrying', 'micros').toFixed(1)} µs an answer, bare ${of('bare', 'micros').toFixed(1)} µs · by the clock ${tell(pairs.map(({ bare, carrying }) => carrying.perSecond / bare.perSecond))}: ${Math.round(of('carrying', 'perSecond'))}/s, bare ${Math.round(of('bare', 'perSecond'))}/s`,
    )
  }
  console.log(`the least of the throughput that is kept: ${Math.min(...least).toFixed(3)} (reach ≥ ${1 - limit})`)
  process.exitCode = Math.min(...least) >= 1 - limit ? 0 : 1
  other.close()
  other.closeAllConnections()
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true })
}
