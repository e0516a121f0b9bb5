import { type ChildProcess, execFile } from 'node:child_process'
import { closeSync, existsSync, lstatSync, openSync, readlinkSync } from 'node:fs'
import { mkdir, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { promisify } from 'node:util'
import type { Helper, Limits } from '../engines/engine.ts'
import { firstShell, joinGroups } from '../engines/process/launch.ts'
import { spawn } from '../engines/process/spawn.ts'

/** Where a server finds things: in its sandbox, or on the machine where there is none. */
interface Layout {
  app: string
  /** The platform's declarations, found by looking upwards from the code. */
  types: string
  /** Declarations of the language itself. */
  lib: string
}

export interface ProgramOptions {
  /** Folder of the project: `app` in it is the code. */
  folder: string
  /** `node_modules` with the platform's declarations. */
  types: string
  /** `node_modules` of the service's own dependencies. */
  modules: string | undefined
  /** The walls of its team. */
  helper: Pick<Helper, 'groups' | 'uid' | 'seccompFile'>
  /** Instead of the language server: for a test that looks at the walls from within. */
  command?: string[]
  onExit: () => void
  /** On its error output, where it logs what it does. */
  onSay: (text: string) => void
  onError: (error: Error) => void
}

export interface Program {
  child: ChildProcess
  layout: Layout
  /** What the layout's places are on this machine, for reading declarations. */
  hosts: { inside: string; host: string }[]
}

const addressSpace = 6 * 2 ** 30
/** Of memory that it writes to; it is told to stay well below. */
const memory = 1_200 * 2 ** 20
const memoryGoal = '600MiB'
/** Of one server, where there are control groups. */
export const serverLimits: Limits = { memoryMiB: 1_500, cpu: 2, pids: 64 }

/** The native compiler's folder, by the platform's package: its launcher only works where an import can be resolved. */
export function compilerFolder(): string {
  const from = createRequire(createRequire(import.meta.url).resolve('typescript7/package.json'))
  return join(dirname(from.resolve(`@typescript/typescript-${process.platform}-${process.arch}/package.json`)), 'lib')
}

let sandboxed: Promise<boolean> | undefined
const hasSandbox = () =>
  (sandboxed ??= promisify(execFile)('bwrap', [...confinement(), '--ro-bind', '/', '/', '--', '/bin/true'], {
    timeout: 5_000,
  }).then(
    () => true,
    () => false,
  ))

/**
 * Starts TypeScript's language server on a project. It reads what anybody may have written: it sees the code, the
 * declarations and the system's libraries, has no network, no capability, the filter of calls that services have, its
 * team's user and limits, and dies with us.
 */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const compiler = compilerFolder()
  const { groups, uid, seccompFile } = options.helper
  const env = { GOMEMLIMIT: memoryGoal, GOMAXPROCS: '2', HOME: '/tmp', PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' }
  const limits = [
    'nice',
    '-n',
    '5',
    'prlimit',
    `--as=${addressSpace}`,
    `--data=${memory}`,
    '--core=0',
    '--nofile=4096',
    '--',
  ]
  const confined = await hasSandbox()
  const layout = confined
    ? { app: '/app', types: '/node_modules', lib: '/typescript' }
    : await plainLayout(options, compiler)
  const serve = options.command ?? [`${layout.lib}/tsc`, '--lsp', '--stdio']
  const line = confined ? ['bwrap', '--args', '3', '--', ...leaveRoot(uid), ...limits, ...serve] : [...limits, ...serve]
  const [command, ...args] = [...firstShell, '-c', joinGroups, 'm3o', ...groups, '--', ...line] as [string, ...string[]]
  const filter = confined && seccompFile !== undefined ? openSync(seccompFile, 'r') : undefined
  const child = spawn(command, args, {
    env: env as unknown as NodeJS.ProcessEnv,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', filter ?? 'ignore'],
  })
  if (filter !== undefined) closeSync(filter)
  // The machine's paths do not stand in the process list of the sandbox.
  const given = child.stdio[3] as Writable
  given.on('error', () => {})
  given.end(
    confined
      ? sandbox(options, { compiler, filtered: filter !== undefined })
          .map((each) => `${each}\0`)
          .join('')
      : '',
  )
  child.stdin?.on('error', () => {})
  child.stderr?.setEncoding('utf8').on('data', (text: string) => options.onSay(text))
  child.on('error', options.onError)
  child.once('close', options.onExit)
  const hosts = [
    { inside: layout.lib, host: compiler },
    { inside: layout.types, host: options.types },
  ]
  if (options.modules !== undefined) hosts.unshift({ inside: `${layout.app}/node_modules`, host: options.modules })
  return { child, layout, hosts }
}

function sandbox(
  { folder, types, modules }: ProgramOptions,
  { compiler, filtered }: { compiler: string; filtered: boolean },
): string[] {
  const args = [...confinement(), '--ro-bind', '/usr', '/usr']
  for (const name of ['/bin', '/lib', '/lib64']) {
    if (!existsSync(name)) continue
    if (lstatSync(name).isSymbolicLink()) args.push('--symlink', readlinkSync(name), name)
    else args.push('--ro-bind', name, name)
  }
  args.push('--proc', '/proc', '--dev', '/dev', '--perms', '1777', '--size', String(64 << 20), '--tmpfs', '/tmp')
  args.push(
    '--ro-bind',
    compiler,
    '/typescript',
    '--ro-bind',
    types,
    '/node_modules',
    '--ro-bind',
    join(folder, 'app'),
    '/app',
  )
  if (modules !== undefined) args.push('--ro-bind', modules, '/app/node_modules')
  if (filtered) args.push('--seccomp', '4')
  return [...args, '--remount-ro', '/', '--chdir', '/app']
}

function confinement(): string[] {
  const root = process.getuid?.() === 0
  const apart = [
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-net',
    '--unshare-cgroup-try',
    '--hostname',
    'language',
    '--new-session',
    '--die-with-parent',
    '--cap-drop',
    'ALL',
  ]
  if (!root) return ['--unshare-user', ...apart]
  return [...apart, ...['SETUID', 'SETGID', 'SETPCAP'].flatMap((name) => ['--cap-add', `CAP_${name}`])]
}

/** On any Linux: it owns nothing of ours. */
const nobody = 65_534

function leaveRoot(uid: number | undefined): string[] {
  if (process.getuid?.() !== 0) return []
  const user = String(uid ?? nobody)
  return [
    'setpriv',
    '--reuid',
    user,
    '--regid',
    user,
    '--clear-groups',
    '--inh-caps=-all',
    '--ambient-caps=-all',
    '--bounding-set=-all',
    '--no-new-privs',
    '--',
  ]
}

/** Without bubblewrap: the same shape by links. */
async function plainLayout({ folder, types, modules }: ProgramOptions, compiler: string): Promise<Layout> {
  await symlink(types, join(folder, 'node_modules')).catch(() => {})
  if (modules !== undefined) {
    await mkdir(join(folder, 'app'), { recursive: true })
    await rm(join(folder, 'app/node_modules'), { recursive: true, force: true })
    await symlink(modules, join(folder, 'app/node_modules')).catch(() => {})
  }
  return { app: join(folder, 'app'), types: join(folder, 'node_modules'), lib: compiler }
}
