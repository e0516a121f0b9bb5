import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { startPlatform } from '#e2e/platform/platform.ts'
import { freePort } from '#e2e/platform/processes.ts'
import { type App, express, hello } from './loop/apps.ts'
import { at } from './loop/asking.ts'

/*
 * A call to a service that sleeps at zero → first byte of its answer: `node bench/wake.ts [TIMES]`. Of one that fell asleep lately, for
 * which an instance waits that loaded its packages; of one for which none does (it was killed); and beside them
 * plain `node` started with the same program, without a sandbox, until its own first byte. Prints p50 and p95 in milliseconds;
 * ends with 1 when a limit is missed.
 */

const times = Number(process.argv[2] ?? 20)
const limits = { hello: 80, express: 200 }

/** Milliseconds until the first byte; undefined when nobody listens. */
function firstByte(port: number, path: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json', 'content-length': 2, ...headers },
      },
      (answer) => {
        const took = performance.now() - began
        answer
          .resume()
          .on('end', () =>
            answer.statusCode === 200 ? resolve(took) : reject(new Error(`it answered ${answer.statusCode}`)),
          )
      },
    )
      .on('error', () => resolve(undefined))
      .end('{}')
  })
}

/** Process ids of a service's instances, those that only wait among them. */
async function processesOf(serviceId: string): Promise<number[]> {
  const folder = join(platform.home.path, 'instances')
  const records = await Promise.all(
    (await readdir(folder)).map((id) => readFile(join(folder, id, 'instance.json'), 'utf8').catch(() => '{}')),
  )
  return records.flatMap((text) => {
    const { placement } = JSON.parse(text) as { placement?: { serviceId: string; pid: number } }
    return placement?.serviceId === serviceId ? [placement.pid] : []
  })
}

async function woken({ name, path, source, files }: App, cold: boolean): Promise<number[]> {
  const asleep = { instances: { min: 0, max: 1 }, idle: '1s' }
  const { serviceId, state, error } = await platform.deploy(name, {
    ...files,
    [path]: source('awake'),
    'm3o.json': JSON.stringify({ name, ...asleep }),
  })
  if (state !== 'live') throw new Error(`${name} is ${state}: ${JSON.stringify(error)}`)
  const took: number[] = []
  while (took.length < times) {
    while (
      (await platform.rpc.call('services.get', { serviceId, environmentId: platform.production })).state !== 'asleep'
    )
      await delay(100)
    while (!(await waits(serviceId))) await delay(50)
    if (cold) {
      for (const pid of await processesOf(serviceId)) process.kill(pid, 'SIGKILL')
      while ((await processesOf(serviceId)).length > 0) await delay(50)
    }
    // Somebody comes back, not at this very moment.
    await delay(1_000)
    const one = await firstByte(platform.gatewayPort, `/v1/${name}/x`, { authorization: `Bearer ${platform.token}` })
    if (one === undefined) throw new Error('the gateway does not listen')
    took.push(one)
  }
  return took
}

/** The one that served is gone, and the one that waits is there. */
async function waits(serviceId: string): Promise<boolean> {
  const commands = await Promise.all(
    (await processesOf(serviceId)).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  return commands.length === 1 && commands.every((command) => command.includes('?held'))
}

async function bare({ plain }: App): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-wake-'))
  await symlink(join(import.meta.dirname, '../node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'app.mjs'), plain('awake'))
  const took: number[] = []
  while (took.length < times) {
    const port = await freePort()
    const began = performance.now()
    const child = spawn(process.execPath, ['app.mjs'], {
      cwd: folder,
      env: { ...process.env, PORT: String(port), NODE_ENV: 'production' },
      stdio: 'ignore',
    })
    while ((await firstByte(port, '/x')) === undefined) await delay(1)
    took.push(performance.now() - began)
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  await rm(folder, { recursive: true, force: true })
  return took
}

await using platform = await startPlatform()
for (const app of [hello, express]) {
  const limit = limits[app.name as keyof typeof limits]
  const [ours, cold, peer] = [await woken(app, false), await woken(app, true), await bare(app)]
  console.log(
    `${app.name.padEnd(8)} p50 ${at(0.5, ours).toFixed(0).padStart(4)} ms   p95 ${at(0.95, ours).toFixed(0).padStart(4)} ms   where none waits ${at(0.5, cold).toFixed(0)}/${at(0.95, cold).toFixed(0)} ms   plain node ${at(0.5, peer).toFixed(0)}/${at(0.95, peer).toFixed(0)} ms`,
  )
  const holds = at(0.95, ours) <= limit
  console.log(`  ${holds ? 'reached' : 'MISSED '}  p95 ≤ ${limit} ms`)
  if (!holds) process.exitCode = 1
}
