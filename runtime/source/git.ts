import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process'
import { PlatformError } from '#contract/errors.ts'
import { spawn } from '../engines/process/spawn.ts'

/** What every git process of the platform is told, whatever the machine's or the repository's own configuration says. */
const always: Record<string, string> = {
  'safe.directory': '*',
  'core.hooksPath': '/dev/null',
  'core.fsync': 'all',
  'core.bigFileThreshold': '8m',
  'core.fsmonitor': 'false',
  'core.attributesFile': '/dev/null',
  'core.quotePath': 'false',
  'protocol.allow': 'never',
  'merge.directoryRenames': 'false',
  'gc.auto': '2000',
  'gc.autoPackLimit': '30',
  'pack.threads': '1',
  'pack.windowMemory': '64m',
}

/** Minimal on purpose: nothing of the host's environment, and no configuration but ours. */
export function gitEnvironment(config: Record<string, string> = {}): NodeJS.ProcessEnv {
  const settings = Object.entries({ ...always, ...config })
  const environment: Record<string, string> = {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_ALLOW_PROTOCOL: '',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, key],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
  }
  // Next's types would have NODE_ENV in every environment; git has no use for it.
  return environment as NodeJS.ProcessEnv
}

export type GitProcess = ChildProcessWithoutNullStreams

/** A git process in its own group, so that {@link killGit} also ends what git itself started. */
export function spawnGit(
  dir: string,
  args: string[],
  options: { env?: Record<string, string>; config?: Record<string, string> } = {},
): GitProcess {
  const child = spawn('git', [`--git-dir=${dir}`, ...args], {
    cwd: dir,
    env: { ...gitEnvironment(options.config), ...options.env },
    stdio: 'pipe',
    detached: true,
  })
  // A reader that went away is seen through the exit code, not through EPIPE.
  child.stdin.on('error', () => {})
  return child
}

export function killGit(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It ended between the check and the signal.
  }
}

/**
 * Ends a git that receives, by ending what it reads while its output is still read: it then removes what it has of a
 * push, which may be hundreds of megabytes. After a signal, SIGTERM and SIGPIPE too, it does not.
 */
export function stopGit(child: GitProcess): void {
  child.stdin.destroy()
  const patience = setTimeout(() => killGit(child), 10_000).unref()
  child.once('close', () => clearTimeout(patience))
}

export interface GitResult {
  code: number
  stdout: Buffer
  stderr: string
}

interface RunOptions {
  input?: Buffer | string
  env?: Record<string, string>
  /** Exit codes that are answers rather than failures. */
  accept?: number[]
  timeoutMs?: number
  maxBytes?: number
}

/** Runs git to its end and gives its whole output, bounded in time and size. */
export async function runGit(dir: string, args: string[], options: RunOptions = {}): Promise<GitResult> {
  const { accept = [0], timeoutMs = 60_000, maxBytes = 64 << 20 } = options
  const child = spawnGit(dir, args, { ...(options.env && { env: options.env }) })
  const out: Buffer[] = []
  let size = 0
  let stderr = ''
  let cut: 'time' | 'size' | undefined
  const timer = setTimeout(() => {
    cut = 'time'
    killGit(child)
  }, timeoutMs)
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maxBytes) {
      cut = 'size'
      killGit(child)
    } else out.push(chunk)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < 8192) stderr += text
  })
  child.stdin.end(options.input)
  const code = await exitOf(child).finally(() => clearTimeout(timer))
  const verb = args.find((arg) => !arg.startsWith('-')) ?? 'git'
  if (cut === 'time') throw new PlatformError('timeout', `git ${verb} timed out after ${timeoutMs / 1000} s`)
  if (cut === 'size') throw new PlatformError('too_large', `what git ${verb} gave is larger than ${maxBytes >> 20} MB`)
  if (!accept.includes(code)) throw new Error(`git ${verb} ended with ${code}: ${stderr.trim()}`)
  return { code, stdout: Buffer.concat(out), stderr }
}

/** Exit code once all output was read; a signal counts as 128. */
export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 128))
  })
}
