import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { DevCommand } from './dev-command.ts'
import { admin, checkout, type Stack } from './stack.ts'
import { until } from './until.ts'

export interface Ran {
  code: number
  stdout: string
  stderr: string
}
export interface RunOptions {
  input?: string | Buffer
  cwd?: string
  env?: Readonly<Record<string, string>>
}

/** Somebody's shell: a folder for files, settings of the command of their own, `m3o` pointed at the stack. */
export class Shell {
  readonly folder: string
  readonly #env: Record<string, string>
  readonly #deployed = new Set<string>()

  private constructor(folder: string, url: string | undefined) {
    this.folder = folder
    this.#env = {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, '.config'),
      ...(url !== undefined && { M3O_URL: url }),
      NO_COLOR: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
    }
  }

  static async open(stack: Stack): Promise<Shell> {
    return new Shell(await mkdtemp(join(tmpdir(), 'm3o-shell-')), stack.url)
  }

  /** One that is told of no platform, and remembers those that it logs in to. */
  static async anywhere(): Promise<Shell> {
    return new Shell(await mkdtemp(join(tmpdir(), 'm3o-shell-')), undefined)
  }

  /** Logged in as the first owner. */
  static async ofAdmin(stack: Stack): Promise<Shell> {
    const shell = await Shell.open(stack)
    await shell.json(['login', '--email', admin.email, '--password-stdin'], { input: `${admin.password}\n` })
    return shell
  }

  run(
    file: string,
    args: readonly string[],
    { input = '', cwd = this.folder, env = {} }: RunOptions = {},
  ): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn(file, args, { cwd, env: environment({ ...this.#env, ...env }) })
      const ran = { stdout: '', stderr: '' }
      for (const name of ['stdout', 'stderr'] as const)
        child[name].setEncoding('utf8').on('data', (text: string) => (ran[name] += text))
      child
        .once('error', reject)
        .once('close', (code, signal) => resolve({ ...ran, code: code ?? (signal === null ? -1 : 128) }))
      child.stdin.on('error', () => {}).end(input)
    })
  }

  m3o(args: readonly string[], options?: RunOptions): Promise<Ran> {
    return this.run(join(checkout, 'bin/m3o'), args, options)
  }

  /** The document of a command that did what it was asked. */
  async json<T = unknown>(args: readonly string[], options?: RunOptions): Promise<T> {
    const ran = await this.m3o([...args, '--json'], options)
    if (ran.code !== 0) throw new Error(`m3o ${args.join(' ')} ended with ${ran.code}:\n${ran.stdout}\n${ran.stderr}`)
    return onlyDocument(ran) as T
  }

  /** Follows a command's lines of JSON; `lines` grows while it runs. */
  follow(args: readonly string[]) {
    const child = spawn(join(checkout, 'bin/m3o'), [...args, '--json'], {
      cwd: this.folder,
      env: environment(this.#env),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines: Record<string, unknown>[] = []
    createInterface({ input: child.stdout }).on('line', (line) =>
      lines.push(JSON.parse(line) as Record<string, unknown>),
    )
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    return { lines, stop: () => (child.kill('SIGINT'), ended) }
  }

  /** A folder of this shell's that runs in the place of its service, until it is stopped. */
  dev(args: readonly string[]): DevCommand {
    return new DevCommand(args, this.#env)
  }

  /** One that the test ends itself. */
  start(args: readonly string[]) {
    return spawn(join(checkout, 'bin/m3o'), args, { cwd: this.folder, env: environment(this.#env), stdio: 'ignore' })
  }

  /** Writes files below this shell's folder, and gives the path of theirs. */
  async write(name: string, files: Record<string, string | Buffer>): Promise<string> {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.folder, name, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, content)
    }
    return join(this.folder, name)
  }

  /** A service made of these files, live. */
  async deploy(service: string, files: Record<string, string>, ...more: string[]): Promise<DeployDocument> {
    this.#deployed.add(service)
    const folder = await this.write(`of-${service}`, files)
    return this.json<DeployDocument>(['deploy', folder, '--service', service, ...more])
  }

  /** Deletes what was deployed from here and is still there, so that the next test has the machine to itself. */
  async deleteDeployed(): Promise<void> {
    const deployed = [...this.#deployed]
    this.#deployed.clear()
    const ran = await Promise.all(
      deployed.map((service) => this.m3o(['service', 'delete', service, '--yes', '--json'])),
    )
    for (const { code, stderr } of ran)
      if (code !== 0 && !stderr.includes('(not_found)')) throw new Error(`a service was not deleted: ${stderr}`)
  }

  async status(service: string, ...more: string[]): Promise<StatusDocument> {
    const [one] = await this.json<StatusDocument[]>(['status', service, ...more])
    if (one === undefined) throw new Error(`status of ${service} is empty`)
    return one
  }

  untilState(service: string, state: string): Promise<StatusDocument> {
    return until(
      `${service} is ${state}`,
      async () => {
        const now = await this.status(service)
        return now.state === state && now
      },
      { everyMs: 300 },
    )
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Next's types want NODE_ENV in every environment; a shell has none. */
const environment = (given: Record<string, string>) => given as unknown as NodeJS.ProcessEnv

/** @throws unless stdout is exactly one JSON document */
export function onlyDocument({ stdout }: Ran): unknown {
  if (!/^[^\n]*\n$/.test(stdout)) throw new Error(`not one line of JSON: ${JSON.stringify(stdout.slice(0, 2_000))}`)
  return JSON.parse(stdout)
}

export interface DeployDocument {
  service: string
  environment: string
  revision: string
  deployment: string
  outcome: string
  durationMs: number
  phases: { name: string; ms: number | null }[]
  error?: { code: string; message: string; exitCode: number | null; lines: string[] }
}

export interface StatusDocument {
  team: string
  service: string
  environment: string
  from: string | null
  state: string
  revision: string | null
  instances: { id: string; pid: number | null; state: string }[]
  url: string
  owner: string | null
  endpoints: { name: string; request: unknown; response: unknown }[]
}
