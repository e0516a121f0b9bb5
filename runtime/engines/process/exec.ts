import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { PassThrough } from 'node:stream'
import type { Duplex, Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { PlatformError } from '#contract/errors.ts'
import type { ExecOptions, ExecSession } from '../engine.ts'
import type { Cgroups } from './cgroup.ts'
import { endGroup, processesOf } from './cgroup.ts'
import { checkEnvironment, environmentFd, environmentText, isSettable, takeEnvironment } from './environment.ts'
import { isAlive, ownerOf } from './identity.ts'
import { firstShell, joinGroups, leaveRoot } from './launch.ts'
import { waitUntil } from './placed.ts'
import type { PtyRequest } from './pty-process.ts'
import type { InstanceRecord } from './record.ts'
import { toolEnvironment } from './run.ts'

export interface ExecContext {
  bwrap: boolean
  root: boolean
  cgroups: Cgroups | undefined
  seccompFile: string | undefined
  folder: string
}

const seccompFd = 4

/** Runs beside the payload: same namespaces, groups, user, filter of calls and environment. */
export async function execIn(record: InstanceRecord, options: ExecOptions, context: ExecContext): Promise<ExecSession> {
  const payload = record.placement?.identity.payload
  if (!payload || !isAlive(payload)) throw new PlatformError('not_in_this_state', 'the instance is no longer running')
  const own = environmentOf(payload.pid)
  const env: Record<string, string> = {
    ...(own.LC_ALL === undefined && { LANG: 'C.UTF-8' }),
    ...own,
    ...(options.tty && {
      TERM: 'xterm-256color',
      SHELL: '/bin/bash',
      ...(options.command === undefined && promptOf(own)),
    }),
    ...options.env,
  }
  checkEnvironment(env)

  const name = `exec-${randomBytes(6).toString('hex')}`
  const groups = context.cgroups?.createSession(record.id, name) ?? []
  if (!context.cgroups) env[marker] = name
  const scope = context.cgroups ? groupScope(groups[0] ?? '', record.uid) : markedScope(name)
  const command = [
    ...enter(payload.pid, record, context),
    '/bin/sh',
    '-c',
    takeEnvironment,
    'm3o',
    ...commandOf(options),
  ]
  const line: [string, ...string[]] = [
    firstShell[0] ?? '/bin/sh',
    ...firstShell.slice(1),
    '-c',
    joinGroups,
    'm3o',
    ...groups,
    '--',
    ...command,
  ]
  const cwd = context.bwrap ? '/' : `${context.folder}/app`
  const seccompFile = context.bwrap && context.root ? context.seccompFile : undefined
  return options.tty
    ? terminalSession({ line, cwd, env: environmentText(env), seccompFile, ...options.tty }, scope)
    : pipedSession(line, { cwd, env: environmentText(env), seccompFile }, scope)
}

/** nsenter does not bring the filter of calls along, so a second bwrap sets it; it changes nothing else. */
function enter(pid: number, { uid, gid }: InstanceRecord, { bwrap, root, seccompFile }: ExecContext): string[] {
  if (!bwrap) return root ? ['nsenter', '-t', String(pid), '-m', '-w', '--', ...leaveRoot(uid, gid)] : []
  const namespaces = ['-m', '-u', '-i', '-p', '-r', '-w']
  if (!root) return ['nsenter', '-t', String(pid), '-U', '--preserve-credentials', ...namespaces, '--']
  const filter = ['bwrap', '--dev-bind', '/', '/', '--chdir', '/app', '--cap-drop', 'ALL']
  for (const capability of ['SETUID', 'SETGID', 'SETPCAP', 'DAC_READ_SEARCH'])
    filter.push('--cap-add', `CAP_${capability}`)
  if (seccompFile) filter.push('--seccomp', String(seccompFd))
  return ['nsenter', '-t', String(pid), ...namespaces, '-n', '-C', '--', ...filter, '--', ...leaveRoot(uid, gid)]
}

function commandOf({ command, tty }: ExecOptions): string[] {
  if (command?.length === 0) throw new PlatformError('bad_request', 'the command is empty')
  if (!tty) return command ?? ['/bin/bash']
  // Our own pty lies outside the sandbox's /dev/pts; script(1) makes one inside, or programs find "not a tty".
  const quoted = (command ?? ['bash', '-i']).map((each) => `'${each.replaceAll("'", `'\\''`)}'`)
  return ['script', '-qefc', `exec ${quoted.join(' ')}`, '/dev/null']
}

const red = 31
const cyan = 36
const name = /^[a-z][a-z\d-]*$/

/** `hello@production:~$`, production in red. Set at the first prompt, as bash's own start-up files set another one before. */
function promptOf({
  M3O_SERVICE: service = '',
  M3O_ENVIRONMENT: environment = '',
}: Record<string, string>): Record<string, string> {
  if (!name.test(service) || !name.test(environment)) return {}
  const colour = environment === 'production' ? red : cyan
  return {
    PROMPT_COMMAND: `PS1='${service}@\\[\\e[1;${colour}m\\]${environment}\\[\\e[0m\\]:\\w\\$ '; unset PROMPT_COMMAND`,
  }
}

/** As the payload was started with; what it has since done to its memory can only harm its own user. */
function environmentOf(pid: number): Record<string, string> {
  const env: Record<string, string> = {}
  for (const entry of readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')) {
    const [name = '', ...rest] = entry.split('=')
    if (isSettable(name, rest.join('='))) env[name] = rest.join('=')
  }
  return env
}

/** All processes of one session, also those that have left its process group. */
interface Scope {
  pids(): number[]
  end(): Promise<void>
}

/** The team's processes only: the tools that led there run as root and pass the exit code on. */
const groupScope = (group: string, uid: number): Scope => ({
  pids: () => processesOf(group).filter((pid) => ownerOf(pid) === uid),
  end: () => endGroup(group),
})

/** Without control groups a variable that children inherit tells a session's processes. */
const marker = 'M3O_SESSION'

function markedScope(name: string): Scope {
  const pids = () =>
    readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .map(Number)
      .filter((pid) => isMarked(pid, `${marker}=${name}`))
  return {
    pids,
    end: async () => {
      await waitUntil(() => {
        const left = pids()
        signalAll({ pids: () => left, end: async () => {} }, 'SIGKILL')
        return left.length === 0
      }, performance.now() + 2000)
    },
  }
}

function isMarked(pid: number, text: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(text)
  } catch {
    return false // another user's, or gone
  }
}

interface Pipes {
  cwd: string
  env: string
  seccompFile: string | undefined
}

function pipedSession(
  [file, ...args]: [string, ...string[]],
  { cwd, env, seccompFile }: Pipes,
  scope: Scope,
): ExecSession {
  const filter = seccompFile === undefined ? undefined : openSync(seccompFile, 'r')
  const child = spawn(file, args, {
    cwd,
    env: toolEnvironment,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'ignore', filter ?? 'ignore', 'pipe'],
  })
  if (filter !== undefined) closeSync(filter)
  const environment = (child.stdio as (Writable | null)[])[environmentFd]
  environment?.on('error', () => {})
  environment?.end(env)
  const input = inputOf(child.stdin)
  const exited = ended(child, scope, async () => codeOf(child))
  return {
    stdout: streamOf(child.stdout),
    stderr: streamOf(child.stderr),
    ...input,
    resize: () => {},
    signal: (name) => signalAll(scope, name),
    kill: () => killUntil(exited, scope),
    exited,
  }
}

function terminalSession(request: PtyRequest, scope: Scope): ExecSession {
  // A process of its own: node-pty leaks its descriptor into every later child, other teams' included.
  const program = fileURLToPath(new URL('pty-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--max-semi-space-size=1', '--max-old-space-size=48', program], {
    env: toolEnvironment,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
  })
  const control = child.stdio[3] as Duplex
  let report = ''
  control
    .setEncoding('utf8')
    .on('data', (text: string) => (report += text))
    .on('error', () => {})
  const tell = (message: unknown) => void (control.writable && control.write(`${JSON.stringify(message)}\n`))
  tell(request)
  const input = inputOf(child.stdin)
  const exited = ended(child, scope, async () => {
    const code = /"exitCode":(\d+)/.exec(report)?.[1]
    return code === undefined ? null : Number(code)
  })
  const nothing = new PassThrough()
  nothing.end()
  return {
    stdout: streamOf(child.stdout),
    stderr: nothing,
    ...input,
    end: () => void input.write('\x04'),
    resize: (size) => tell({ resize: size }),
    signal: (name) => signalAll(scope, name),
    kill: () => killUntil(exited, scope),
    exited,
  }
}

function inputOf(stream: Writable | null): Pick<ExecSession, 'write' | 'drain' | 'end'> {
  if (!stream) throw new PlatformError('internal', 'the command has no standard input')
  stream.on('error', () => {}) // it ended without reading
  return {
    write: (data) => stream.writable && stream.write(data),
    drain: async () => {
      if (!stream.writableNeedDrain || stream.destroyed) return
      await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => {})
    },
    end: () => void stream.end(),
  }
}

function streamOf(stream: Readable | null): Readable {
  if (!stream) throw new PlatformError('internal', 'the command has no output')
  return stream
}

function codeOf(child: ChildProcess): number | null {
  return child.exitCode ?? (child.signalCode ? 128 + constants.signals[child.signalCode] : null)
}

/** Resolves once the command and what it left in the background are gone. */
async function ended(child: ChildProcess, scope: Scope, code: () => Promise<number | null>) {
  await new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  await scope.end()
  return { exitCode: await code() }
}

function signalAll(scope: Scope, name: NodeJS.Signals): void {
  for (const pid of scope.pids()) {
    try {
      process.kill(pid, name)
    } catch {
      // gone
    }
  }
}

/** Again and again: the command may still be behind tools that run as root, which are left to finish. */
function killUntil(exited: Promise<unknown>, scope: Scope): void {
  signalAll(scope, 'SIGKILL')
  const again = setInterval(() => signalAll(scope, 'SIGKILL'), 50)
  void exited.finally(() => clearInterval(again))
}
