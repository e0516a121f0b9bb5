import { readFileSync } from 'node:fs'
import { outageOf } from '#contract/outage.ts'
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

/** /proc/PID/stat (proc_pid_stat(5)); undefined when there is no such process, or it cannot be seen. */
function statOf(pid: number): Stat | undefined {
  const stat = lookAt(pid)
  return stat === 'unseen' ? undefined : stat
}

function lookAt(pid: number): Stat | 'unseen' | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, field 2, may hold spaces and brackets: count from its last bracket.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? 'X', session: Number(fields[3]), start: fields[19] ?? '' }
  } catch (error) {
    return outageOf(error) === undefined ? undefined : 'unseen'
  }
}

export function identify(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid)
  return stat && { pid, start: stat.start }
}

/** A zombie is dead: where nobody reaps orphans it stays in the table for ever. */
export function isAlive({ pid, start }: ProcessIdentity): boolean {
  const stat = lookAt(pid)
  // Without a descriptor left nothing can be seen, and nobody is to be taken for dead for it.
  if (stat === 'unseen') return exists(pid)
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

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
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
