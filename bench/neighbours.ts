/**
 * How much one team's excesses slow another team's calls: `node bench/neighbours.ts [--seconds 6] [--rate 100] [--rounds 3]`, as root.
 * Two teams on one platform, on a disk of 2 GB. Team B's service is called at a steady rate while team A's does each of its
 * worst; before each, the same is measured in peace. The ratio of the two p99s may be 2 at most; of the rounds the better counts on both sides, as others
 * use the machine too. No process of the platform may end through it. Everything that A starts
 * is ended by its control group, which is what is tested, and by the platform's end.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    rate: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
  },
})
const [seconds, rate, rounds] = [values.seconds, values.rate, values.rounds].map(Number) as [number, number, number]
const limit = 2
/** A scheduler's tick and a collection of garbage: below that a ratio says nothing. */
const noiseMs = 4

if (process.getuid?.() !== 0) {
  console.error('error: run it as root: without control groups there is nothing to measure')
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'm3o-neighbours-'))
const disk = join(folder, 'disk')
execFileSync('truncate', ['-s', '2G', join(folder, 'image')])
execFileSync('mkfs.ext4', ['-q', '-F', join(folder, 'image')])
mkdirSync(disk)
execFileSync('mount', ['-o', 'loop', join(folder, 'image'), disk])
process.env.TMPDIR = disk
const { answering, startPlatform } = await import('#e2e/platform/platform.ts')
const { identify, isRunning } = await import('#cli/server/identity.ts')

const hog = {
  'index.js': `
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const chunk = Buffer.alloc(8 << 20, 1)
const kept = []
const line = 'x'.repeat(120) + '\\n'
const deeds = {
  'fork bomb': () => { const bomb = () => spawn('sh', ['-c', ':(){ :|:& };:'], { stdio: 'ignore' }).on('error', () => {}); bomb(); setInterval(bomb, 100) },
  'memory hog': () => setInterval(() => kept.push(Buffer.alloc(32 << 20, 1)), 20),
  'processor hog': () => { for (let at = 0; at < 16; at++) spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }).on('error', () => {}) },
  'log flood': () => setInterval(() => { for (let at = 0; at < 200; at++) fs.writeSync(1, line.repeat(500)) }, 1),
  'full disk': () => { const file = fs.openSync('/tmp/much', 'a'); setInterval(() => { try { fs.writeSync(file, chunk) } catch {} }, 1) },
}
require('node:http').createServer((request, response) => {
  const deed = decodeURIComponent(new URL(request.url, 'http://x').searchParams.get('deed') ?? '')
  response.end(deed)
  if (deed in deeds) setTimeout(deeds[deed], 10)
}).listen(process.env.PORT, process.env.HOST)
`,
}

try {
  await using platform = await startPlatform({ M3O_TEAM_DISK: '1GB' })
  const { rpc, userId, gatewayPort } = platform
  const noisy = await rpc.call('teams.create', { name: 'noisy', ownerId: userId })
  const [environment] = await rpc.call('environments.list', { teamId: noisy.id })
  const { secret } = await rpc.call('tokens.create', {
    teamId: noisy.id,
    userId,
    name: 'bench',
    scope: {},
    environmentId: null,
    expiresAt: null,
  })
  await platform.deploy('quiet', answering('fine'))
  const deployHog = async () => {
    const { deploymentId } = await platform.upload(
      'hog',
      { ...hog, 'again.txt': String(Math.random()) },
      environment?.id ?? '',
      noisy.id,
    )
    const { state, error } = await platform.settled(deploymentId)
    if (state !== 'live') throw new Error(`the hog is ${state}: ${error?.message}`)
  }

  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const call = (token: string, path: string) =>
    new Promise<{ ms: number; status: number }>((resolve) => {
      const began = performance.now()
      const done = (status: number) => resolve({ ms: performance.now() - began, status })
      request(
        { port: gatewayPort, path, agent, headers: { authorization: `Bearer ${token}` }, timeout: 10_000 },
        (answer) => {
          answer.resume()
          answer.on('end', () => done(answer.statusCode ?? 0))
        },
      )
        .on('error', () => done(0))
        .on('timeout', function (this: { destroy(): void }) {
          this.destroy()
        })
        .end()
    })
  /** At a steady rate whatever comes back, so that what is slow does not thin out what is measured. */
  const measure = async (forMs: number) => {
    const calls: Promise<{ ms: number; status: number }>[] = []
    for (const began = performance.now(); performance.now() - began < forMs;) {
      calls.push(call(platform.token, '/v1/quiet/x'))
      await delay(Math.max(0, began + (calls.length * 1000) / rate - performance.now()))
    }
    const all = await Promise.all(calls)
    const sorted = all.map(({ ms }) => ms).sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
    return { p50: at(0.5), p99: at(0.99), failed: all.filter(({ status }) => status !== 200).length, calls: all.length }
  }

  type Measured = Awaited<ReturnType<typeof measure>>
  const better = (all: Measured[]): Measured => ({
    p50: Math.min(...all.map(({ p50 }) => p50)),
    p99: Math.min(...all.map(({ p99 }) => p99)),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    calls: all.reduce((sum, { calls }) => sum + calls, 0),
  })
  const processes = Object.entries({
    runtime: identify(platform.runtime.pid()),
    gateway: identify(platform.gateway.pid()),
  })
  const ended = () =>
    processes.filter(([, identity]) => identity === undefined || !isRunning(identity)).map(([name]) => name)
  let worst = 0
  await measure(2_000)
  for (const deed of ['fork bomb', 'memory hog', 'processor hog', 'log flood', 'full disk']) {
    const [inPeace, inWar]: [Measured[], Measured[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      await deployHog()
      // What the deployment before has left under way is not of this.
      await delay(1_500)
      inPeace.push(await measure(seconds * 1000))
      await call(secret, `/v1/hog/do?deed=${encodeURIComponent(deed)}`)
      await delay(300)
      inWar.push(await measure(seconds * 1000))
    }
    const [peace, war] = [inPeace, inWar].map(better) as [Measured, Measured]
    const ratio = war.p99 / Math.max(peace.p99, noiseMs)
    worst = Math.max(worst, ratio)
    const { bavail, bsize } = statfsSync(disk)
    console.log(
      `${deed.padEnd(14)} p50 ${peace.p50.toFixed(1)} → ${war.p50.toFixed(1)} ms, p99 ${peace.p99.toFixed(1)} → ${war.p99.toFixed(1)} ms: ${ratio.toFixed(2)} times of ${limit}; ${war.failed} of ${war.calls} failed; ${((bavail * bsize) / 2 ** 20).toFixed(0)} MiB of the disk left; ${ended().length === 0 ? 'no process of the platform ended' : `${ended().join(', ')} ended`}`,
    )
    if (war.failed > 0 || ended().length > 0) worst = Infinity
  }
  agent.destroy()
  console.log(`worst: ${worst.toFixed(2)} of ${limit}`)
  process.exitCode = worst <= limit ? 0 : 1
} finally {
  for (let left = 20; left > 0; left--) {
    try {
      execFileSync('umount', [disk], { stdio: 'ignore' })
      break
    } catch {
      await delay(250)
    }
  }
  rmSync(folder, { recursive: true, force: true })
}
