import { readFileSync } from 'node:fs'
import type { ProcessIdentity } from '../engine.ts'

let boot: string | undefined

/** Changes with every start of the machine: no process of another boot is alive. */
export function bootId(): string {
  return (boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
}

interface Stat {
  state: string
  session: number
  start: string
}

/** /proc/PID/stat (proc_pid_stat(5)); undefined when there is no such process. */
export function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, field 2, may hold spaces and brackets: count from its last bracket.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? 'X', session: Number(fields[3]), start: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

export function identify(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid)
  return stat && { pid, start: stat.start }
}

/** A zombie is dead: where nobody reaps orphans it stays in the table for ever. */
export function isAlive({ pid, start }: ProcessIdentity): boolean {
  const stat = statOf(pid)
  return stat !== undefined && stat.start === start && stat.state !== 'Z' && stat.state !== 'X'
}

/** Signals only if the pid still names the same process. `group`: its whole process group. False when it is gone. */
export function signal(target: ProcessIdentity, name: NodeJS.Signals, { group = false } = {}): boolean {
  if (!isAlive(target)) return false
  try {
    process.kill(group ? -target.pid : target.pid, name)
    return true
  } catch {
    return false
  }
}

export function firstChild(pid: number): ProcessIdentity | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return children[0] ? identify(Number(children[0])) : undefined
  } catch {
    return undefined
  }
}

export function ownerOf(pid: number): number | undefined {
  try {
    const line = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line ? Number(line[1]) : undefined
  } catch {
    return undefined
  }
}
