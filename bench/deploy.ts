import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '#e2e/platform/processes.ts'
import { startPlatform } from '#e2e/platform/platform.ts'

/*
 * Change saved → new answer, under 200 requests/s: `node bench/deploy.ts [ROUNDS]`. A line is changed in a draft, the
 * draft deployed, and the time taken until the service answers with it; beside `pm2 reload` of the same express app,
 * changed on disk, in the same run. Prints p50 and p95 in milliseconds, what failed, and the ratio of the medians.
 */

const rounds = Number(process.argv[2] ?? 15)
const rate = 200
const run = promisify(execFile)
const checkout = join(import.meta.dirname, '..')

const hello = (answer: string) => `import { service, endpoint } from '@m3o/sdk'
import { z } from 'zod'

export default service({
  x: endpoint({ request: z.object({}), response: z.object({ answer: z.string() }), run: async () => ({ answer: '${answer}' }) }),
})
`
const express = (answer: string) => `const express = require('express')
const app = express()
app.use(express.json())
app.all('/x', (request, response) => response.json({ answer: '${answer}' }))
app.listen(process.env.PORT, process.env.HOST || '127.0.0.1')
`
const manifest = JSON.stringify({ name: 'app', main: 'index.js', dependencies: { express: '5.1.0' } })

interface Target { ask: () => Promise<{ status: number; body: string }>; change: (answer: string) => Promise<void> }
interface Figures { p50: number; p95: number; requests: number; failed: number }

/** Asks as often as said all the while, and measures each change until its answer is seen. */
async function measure({ ask, change }: Target): Promise<Figures> {
  const took: number[] = []
  let requests = 0
  let failed = 0
  let seen = ''
  const asking = setInterval(() => {
    requests += 1
    ask().then(({ status, body }) => (status === 200 ? (seen = body) : (failed += 1)), () => (failed += 1))
  }, 1_000 / rate)
  try {
    for (let round = 0; round < rounds; round++) {
      const answer = `answer ${round}`
      const began = performance.now()
      await change(answer)
      while (!seen.includes(answer)) await delay(1)
      took.push(performance.now() - began)
      await delay(1_000) // as somebody who looks at the answer before going on
    }
  } finally {
    clearInterval(asking)
  }
  took.sort((a, b) => a - b)
  const at = (share: number) => Math.round(took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? NaN)
  return { p50: at(0.5), p95: at(0.95), requests, failed }
}

function asker(port: number, path: string, headers: Record<string, string>) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  return () => new Promise<{ status: number; body: string }>((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': 2, ...headers } }, (answer) => {
      let body = ''
      answer.on('data', (part: Buffer) => (body += part.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
      answer.on('error', reject)
    }).on('error', reject).end('{}')
  })
}

async function ours(name: string, path: string, files: Record<string, string>, source: (answer: string) => string): Promise<Figures> {
  const first = await platform.deploy(name, files)
  if (first.state !== 'live') throw new Error(`${name} is ${first.state}: ${JSON.stringify(first.error)}`)
  const draft = { serviceId: first.serviceId, environmentId: platform.production, userId: platform.userId }
  return measure({
    ask: asker(platform.gatewayPort, `/v1/${name}/x`, { authorization: `Bearer ${platform.token}` }),
    async change(answer) {
      const entries = await platform.rpc.call('source.tree', { serviceId: first.serviceId, ref: { draft } })
      const expected = entries.find((entry) => entry.path === path)?.hash ?? null
      await platform.rpc.call('source.save', { ...draft, path, text: source(answer), expected })
      await platform.rpc.call('deployments.start', { ...draft, what: { draft: { userId: platform.userId } }, route: 'console' })
    },
  })
}

async function pm2(): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-pm2-'))
  const env = { ...process.env, PM2_HOME: join(folder, 'pm2'), NODE_PATH: join(checkout, 'node_modules'), PORT: String(await freePort()) }
  const command = (...args: string[]) => run(process.execPath, [join(checkout, 'node_modules/pm2/bin/pm2'), ...args], { env, cwd: folder })
  try {
    await writeFile(join(folder, 'app.js'), express('first'))
    await command('start', 'app.js', '-i', '1')
    const ask = asker(Number(env.PORT), '/x', {})
    while ((await ask().catch(() => undefined))?.status !== 200) await delay(50)
    return await measure({
      ask,
      async change(answer) {
        await writeFile(join(folder, 'app.js'), express(answer))
        await command('reload', 'app')
      },
    })
  } finally {
    await command('kill').catch(() => {})
    await rm(folder, { recursive: true, force: true })
  }
}

const show = (name: string, { p50, p95, requests, failed }: Figures) => console.log(`${name.padEnd(16)} p50 ${String(p50).padStart(5)} ms   p95 ${String(p95).padStart(5)} ms   ${failed} of ${requests} requests failed`)

const platform = await startPlatform()
try {
  const sdk = await ours('hello', 'index.ts', { 'index.ts': hello('first') }, hello)
  show('SDK hello', sdk)
  const plain = await ours('plain', 'index.js', { 'index.js': express('first'), 'package.json': manifest }, express)
  show('express', plain)
  const peer = await pm2()
  show('pm2 reload', peer)
  console.log(`reach: SDK hello p50 ≤ 250 ms: ${sdk.p50 <= 250}, express p50 ≤ 400 ms: ${plain.p50 <= 400}, none failed: ${sdk.failed + plain.failed === 0}`)
  console.log(`pm2 reload takes ${(peer.p50 / plain.p50).toFixed(1)} × as long as express here`)
} finally {
  await platform[Symbol.asyncDispose]()
}
