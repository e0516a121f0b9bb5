import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { askHealth } from '#contract/health.ts'
import type { Deployment } from '#contract/records.ts'
import { isUnderWay } from '#contract/states.ts'
import { startPlatform } from '#e2e/platform/platform.ts'
import { freePort } from '#e2e/platform/processes.ts'
import { transformTree } from '#sdk/compile/transform.ts'
import { buildPlatformDir } from '#sdk/platform/platform-folder.ts'
import { hello } from './loop/apps.ts'
import { Asking, at } from './loop/asking.ts'

/*
 * So many services deployed at once: `node bench/deploy-many.ts [100]`. All of them live, or failed with a reason; how long it takes
 * beside the ideal in the same run (the same programs started bare, without sandboxes, as many at a time as there are processors); and what
 * of it another service's callers notice, and whoever looks at the console. Ends with 1 when a limit is missed.
 */

const count = Number(process.argv[2] ?? 100)
const rate = 50
const limits = { ratio: 2, asked: 250, console: 1_000 }

const files = (index: number) => ({ ...hello.files, [hello.path]: hello.source(`of ${index}`) })
const p99 = (numbers: readonly number[]) => at(0.99, numbers)

/** Milliseconds until all of them answer. */
async function ideal(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-many-'))
  const platform = await buildPlatformDir(join(folder, 'platform'))
  const running: ChildProcess[] = []
  const began = performance.now()
  const queue = Array.from({ length: count }, (_, index) => index)
  await Promise.all(
    Array.from({ length: cpus().length }, async () => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
        const own = join(folder, String(index))
        await mkdir(join(own, 'app'), { recursive: true })
        for (const [path, text] of Object.entries(files(index))) await writeFile(join(own, 'app', path), text)
        await transformTree({ app: join(own, 'app'), into: join(own, 'js'), cache: join(folder, 'cache') })
        const port = await freePort()
        running.push(
          spawn(process.execPath, [`--import=${platform}/preload.mjs`, 'index.ts'], {
            cwd: join(own, 'app'),
            env: {
              PATH: process.env.PATH,
              PORT: String(port),
              HOST: '127.0.0.1',
              M3O_BUILD: join(own, 'js'),
              NODE_ENV: 'production',
            },
            stdio: 'ignore',
          }),
        )
        while (typeof (await askHealth('127.0.0.1', port, '/health')) === 'string') await delay(2)
      }
    }),
  )
  const took = performance.now() - began
  await Promise.all(running.map((child) => new Promise((resolve) => child.once('exit', resolve).kill('SIGKILL'))))
  await rm(folder, { recursive: true, force: true })
  return took
}

/** As the console and the command do. */
async function followed(service: string, source: Record<string, string>): Promise<Deployment> {
  const { deploymentId } = await platform.upload(service, source)
  let last: Deployment | undefined
  for await (const now of platform.rpc.stream('deployments.follow', { deploymentId })) last = now
  if (last === undefined || isUnderWay(last.state)) throw new Error(`${service} was last seen ${last?.state}`)
  return last
}

const bare = await ideal()
await using platform = await startPlatform()
const other = await platform.deploy('other', files(-1))
if (other.state !== 'live') throw new Error(`the service beside is ${other.state}`)
const asking = new Asking(
  { port: platform.gatewayPort, path: '/v1/other/x', headers: { authorization: `Bearer ${platform.token}` } },
  rate,
)
await delay(3_000)
const before = p99(asking.latencies.splice(0))

const looked: number[] = []
let over = false
const looking = (async () => {
  while (!over) {
    const began = performance.now()
    await platform.rpc.call('services.list', { teamId: platform.teamId, environmentId: platform.production })
    looked.push(performance.now() - began)
    await delay(200)
  }
})()
const began = performance.now()
const ended = await Promise.all(Array.from({ length: count }, (_, index) => followed(`many-${index}`, files(index))))
const took = performance.now() - began
over = true
await looking
asking.stop()

const live = ended.filter(({ state }) => state === 'live').length
const unsaid = ended.filter(({ state, error }) => state !== 'live' && !error?.message)
console.log(
  `${count} at once: ${(took / 1_000).toFixed(1)} s, bare ${(bare / 1_000).toFixed(1)} s; ${live} live, ${count - live} failed${live < count ? `: ${[...new Set(ended.flatMap(({ error }) => error?.message ?? []))].join(' · ')}` : ''}`,
)
console.log(
  `meanwhile: another service's p99 ${p99(asking.latencies).toFixed(0)} ms (before ${before.toFixed(1)} ms), ${asking.failed} of ${asking.asked} failed; the list of services p50 ${at(0.5, looked).toFixed(0)}, p99 ${p99(looked).toFixed(0)} ms`,
)
for (const [what, holds] of [
  [`≤ ${limits.ratio} × the ideal: ${(took / bare).toFixed(2)}`, took / bare <= limits.ratio],
  ['all live, or failed with a reason', unsaid.length === 0],
  [
    `another service's p99 ≤ ${limits.asked} ms, none failed`,
    p99(asking.latencies) <= limits.asked && asking.failed === 0,
  ],
  [`the list of services within ${limits.console} ms`, p99(looked) <= limits.console],
] as const) {
  console.log(`  ${holds ? 'reached' : 'MISSED '}  ${what}`)
  if (!holds) process.exitCode = 1
}
