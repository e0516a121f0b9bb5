import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { compileCache, quickImports } from '#cli/server/checkout.ts'

const checkout = join(import.meta.dirname, '../..')

export interface PlatformProcess {
  pid: () => number
  stop: () => Promise<void>
  kill: () => Promise<void>
  killAndStartAgain: () => Promise<void>
  /** The last of what it logged and complained. */
  said: () => string
}

/** One of the platform's processes as its parent starts it, from this checkout or from that of another release. @throws what it said, when it ended instead of becoming ready */
export async function startProcess(
  name: 'runtime' | 'gateway',
  env: NodeJS.ProcessEnv,
  socketPath: string,
  { cwd = checkout } = {},
): Promise<PlatformProcess> {
  let child: ChildProcess
  let logged = ''
  async function start(): Promise<void> {
    let said = ''
    const started = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', ...quickImports, `${name}/main.ts`],
      { cwd, env: { NODE_COMPILE_CACHE: compileCache, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (part: Buffer) => {
        said = (said + part.toString()).slice(-20_000)
        logged = (logged + part.toString()).slice(-5_000_000)
      })
    }
    child = started
    while (!(await isHealthy(socketPath))) {
      if (started.exitCode !== null) throw new Error(`${name} ended: ${said}`)
      await delay(30)
    }
  }
  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }
  await start()
  return {
    pid: () => child.pid ?? 0,
    said: () => logged,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async killAndStartAgain() {
      await end('SIGKILL')
      await start()
    },
  }
}

function isHealthy(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ socketPath, path: '/health' }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
      .on('error', () => resolve(false))
      .end()
  })
}

export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  )
  await new Promise((resolve) => server.close(resolve))
  return port
}
