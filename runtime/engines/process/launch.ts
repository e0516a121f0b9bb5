import type { ChildProcess } from 'node:child_process'
import { chmodSync, closeSync, openSync, readFileSync, readdirSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { environmentFd, environmentText, nodeOptions, takeEnvironment, takeEnvironmentHeld } from './environment.ts'
import { toolEnvironment } from './run.ts'
import type { SandboxOptions } from './sandbox.ts'
import { sandboxArguments, sandboxHome, sandboxPath } from './sandbox.ts'
import { spawn } from './spawn.ts'

export interface LaunchOptions extends Omit<SandboxOptions, 'statusFd' | 'seccompFd'> {
  /** Folders of control groups to join. */
  cgroups: string[]
  /** /run/netns/… */
  namespace: string | undefined
  seccompFile: string | undefined
}

const statusFd = 3
const seccompFd = 4
const argumentsFd = 6

/**
 * Descriptors that we were started with and that are not closed on exec, such as a shell's: libuv closes its own but not
 * those, so the first shell does. dash knows only one digit.
 */
const inherited = readdirSync('/proc/self/fdinfo')
  .map(Number)
  .filter((fd) => fd > 7 && !closesOnExec(fd))
/** bash thinks that a socket as its input means rsh, and would read root's .bashrc. */
export const firstShell = inherited.some((fd) => fd > 9) ? ['/bin/bash', '--norc', '--noprofile'] : ['/bin/sh']

function closesOnExec(fd: number): boolean {
  try {
    return (
      (parseInt(/flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0', 8) & 0o2000000) !==
      0
    )
  } catch {
    return true // the descriptor of the listing itself
  }
}

/** Runs first, as root, on the machine: before anything can be started it is in its groups. */
export const joinGroups =
  inherited.map((fd) => `exec ${fd}>&-; `).join('') +
  'umask 022; ulimit -c 0; echo 500 >/proc/self/oom_score_adj; ' +
  'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"'

export function leaveRoot(uid: number, gid: number): string[] {
  const drop = ['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', '--no-new-privs']
  return ['setpriv', '--reuid', String(uid), '--regid', String(gid), '--clear-groups', ...drop, '--']
}

/** Outlives us: its own session, files for its output and its status, nothing that waits for us once it has its environment. */
export function launchSandbox(options: LaunchOptions): ChildProcess {
  const { spec, seccompFile, namespace, cgroups, root, uid, gid } = options
  const args = sandboxArguments({ ...options, statusFd, seccompFd: seccompFile ? seccompFd : undefined })
  const enter = namespace ? ['nsenter', `--net=${namespace}`, '--'] : []
  const drop = root ? leaveRoot(uid, gid) : []
  const limit = cgroups.length === 0 ? ['prlimit', `--nproc=${spec.limits.pids}`, '--'] : []
  const command = [
    ...enter,
    'bwrap',
    '--args',
    String(argumentsFd),
    '--',
    ...drop,
    ...limit,
    '/bin/sh',
    '-c',
    spec.held ? takeEnvironmentHeld : takeEnvironment,
    'm3o',
    ...spec.command,
  ]
  const home = { PATH: sandboxPath, HOME: sandboxHome, TMPDIR: '/tmp' }
  return spawnShim(['-c', joinGroups, 'm3o', ...cgroups, '--', ...command], options, {
    env: { ...home, ...spec.env, NODE_OPTIONS: nodeOptions(spec.env.NODE_OPTIONS, spec.limits) },
    bwrapArguments: `${args.join('\0')}\0`,
  })
}

export interface ShimInput {
  env: Record<string, string>
  cwd?: string
  bwrapArguments?: string
}

export function spawnShim(
  args: string[],
  { spec, folder, seccompFile }: LaunchOptions,
  input: ShimInput,
): ChildProcess {
  const files = [
    openLog(`${spec.logDir}/stdout.log`),
    openLog(`${spec.logDir}/stderr.log`),
    openSync(`${folder}/status`, 'a', 0o600),
    ...(seccompFile ? [openSync(seccompFile, 'r')] : []),
  ]
  try {
    const [shell = '/bin/sh', ...flags] = firstShell
    const child = spawn(shell, [...flags, ...args], {
      env: toolEnvironment,
      cwd: input.cwd ?? '/',
      detached: true,
      stdio: [
        'ignore',
        files[0],
        files[1],
        files[2],
        files[3] ?? 'ignore',
        'pipe',
        'pipe',
        ...(spec.held ? (['pipe'] as const) : []),
      ],
    })
    child.on('error', () => {}) // no shell: seen as an exit without a status
    for (const [fd, text] of [
      [argumentsFd, input.bwrapArguments ?? ''],
      [environmentFd, environmentText(input.env)],
    ] as const) {
      const pipe = (child.stdio as (Writable | null)[])[fd]
      pipe?.on('error', () => {}) // it died before reading: seen as an exit
      pipe?.end(text)
    }
    return child
  } finally {
    for (const file of files) closeSync(file)
  }
}

/** Appending, so that truncating it behind its back moves nothing; writable by others, or `>/dev/stderr` fails in it. */
function openLog(path: string): number {
  const file = openSync(path, 'a', 0o622)
  chmodSync(path, 0o622)
  return file
}
