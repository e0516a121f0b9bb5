import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** A process, told apart from a later one with the same pid: pids are reused, and begin again after a boot. */
export interface Identity {
  pid: number
  /** Clock ticks between boot and start on Linux (proc_pid_stat(5), field 22), elsewhere what `ps` says. */
  start: string
  boot: string
}

/** The identity of a running process; undefined when there is none, or only a zombie is left of it. */
export function identify(pid: number): Identity | undefined {
  const start = process.platform === 'linux' ? startOnLinux(pid) : startElsewhere(pid)
  return start === undefined ? undefined : { pid, start, boot: bootId() }
}

export function isRunning(identity: Identity): boolean {
  const now = identify(identity.pid)
  return now !== undefined && now.start === identity.start && now.boot === identity.boot
}

/** Sends the signal to that very process; false when it is gone. */
export function signalTo(identity: Identity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false
  try {
    return process.kill(identity.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** True once it is gone, false when it is still there after `withinMs`. */
export async function isGone(identity: Identity, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (isRunning(identity)) {
    if (performance.now() >= deadline) return false
    await pause(10)
  }
  return true
}

function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the name in brackets and may itself hold blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function startElsewhere(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
  } catch {
    return undefined
  }
}

let boot: string | undefined
function bootId(): string {
  boot ??= process.platform === 'linux' ? readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() : 'unknown'
  return boot
}
