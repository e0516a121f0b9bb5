import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { delimiter } from 'node:path'
import { compileCache } from '#cli/server/checkout.ts'
import { isAlive, processesOf } from './processes-of.ts'
import { until } from './until.ts'

export const checkout = join(import.meta.dirname, '../..')
export const node = existsSync(join(checkout, 'node_modules/.bin/node'))
  ? join(checkout, 'node_modules/.bin/node')
  : process.execPath

export const admin = { email: 'ada@example.com', password: 'correct horse battery staple', name: 'ada' } as const

export type PlatformProcess = 'parent' | 'web' | 'runtime' | 'gateway' | 'postgres'

export interface Stack {
  /** Of the console, without a slash at the end. */
  url: string
  gatewayUrl: string
  home: string
  /** All that the start command has printed. */
  output: () => string
  /** Kills one process without warning, and gives its pid. */
  kill: (name: PlatformProcess) => Promise<number>
  pidOf: (name: PlatformProcess) => Promise<number | undefined>
  /** On the same home and ports, after the parent was killed. */
  startAgain: (under?: readonly string[]) => Promise<void>
  /** SIGTERM. @throws when something of it is there after 10 s */
  stop: () => Promise<void>
}

/** The whole platform as `npm start` runs it, with a home and ports of its own. Without `withAdmin`, nobody is set up. */
export async function startStack({
  withAdmin = true,
  samples = true,
  settings = {},
}: { withAdmin?: boolean; samples?: boolean; settings?: Record<string, string> } = {}): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-e2e-'))
  const home = join(folder, 'home')
  const env: NodeJS.ProcessEnv = {
    ...withoutOurs(process.env),
    M3O_HOME: home,
    M3O_PORT: '0',
    M3O_GATEWAY_PORT: '0',
    M3O_SAMPLES: samples ? '1' : '0',
    ...(withAdmin && { M3O_ADMIN_EMAIL: admin.email, M3O_ADMIN_PASSWORD: admin.password }),
    ...settings,
  }
  let output = ''
  let child: ChildProcess
  let ended: Promise<void>
  const pidOf = async (name: PlatformProcess) =>
    Number.parseInt(await readFile(join(home, 'run', `${name}.pid`), 'utf8').catch(() => ''), 10) || undefined

  /** @param under what is to run it: a program and its first arguments */
  async function begin(under: readonly string[] = []): Promise<string> {
    const before = output.length
    const [file = node, ...args] = [...under, ...reaper(), node, ...nodeFlags, join(checkout, 'cli/server/start.ts')]
    const started = (child = spawn(file, args, {
      env: { ...env, NODE_COMPILE_CACHE: compileCache },
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    }))
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (part: Buffer) => (output += part.toString()))
    ended = new Promise<void>((resolve) => started.once('exit', () => resolve()))
    return until(
      'the platform is ready',
      () => {
        if (started.exitCode !== null) throw new Error(`it ended: ${output}`)
        return /M3O is ready: (\S+)/.exec(output.slice(before))?.[1]
      },
      { withinMs: 60_000, why: () => output },
    )
  }
  const url = await begin()
  const ports = JSON.parse(await readFile(join(home, 'run/ports'), 'utf8')) as { web: number; gateway: number }
  Object.assign(env, { M3O_PORT: String(ports.web), M3O_GATEWAY_PORT: String(ports.gateway) })

  return {
    url,
    home,
    gatewayUrl: `http://127.0.0.1:${ports.gateway}`,
    pidOf,
    output: () => output,
    startAgain: async (under) => void (await begin(under)),
    async kill(name) {
      const pid = await until(`${name} has a pid`, () => pidOf(name))
      process.kill(pid, 'SIGKILL')
      await until(`${name} is gone`, () => !isAlive(pid))
      return pid
    },
    async stop() {
      const began = performance.now()
      child.kill('SIGTERM')
      await ended
      const left = await processesOf(home)
      const tookMs = performance.now() - began
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
      if (left.length > 0) throw new Error(`left behind after SIGTERM:\n${left.join('\n')}`)
      if (tookMs > 10_000) throw new Error(`stopping took ${Math.round(tookMs)} ms:\n${output}`)
    },
  }
}

/** As bin/start gives them. */
const nodeFlags = ['--max-semi-space-size=1', '--max-old-space-size=64', '--disable-warning=ExperimentalWarning']

/** What the person who runs the tests has set must not reach the platform under test, its database apart. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !name.startsWith('M3O_') && name !== 'DATABASE_URL' && name !== 'NODE_OPTIONS',
    ),
  ) as NodeJS.ProcessEnv
}

/** As bin/start does: something has to reap what loses its parent. */
function reaper(): string[] {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'tini'))
    .find((path) => existsSync(path))
  return found === undefined ? [] : [found, '-s', '--']
}
