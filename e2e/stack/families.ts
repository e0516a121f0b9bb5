import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { PlatformProcess, Stack } from './stack.ts'

const names: PlatformProcess[] = ['parent', 'web', 'runtime', 'gateway', 'postgres']

/** Each process of the platform with all below it, the sandboxes of services apart. */
export async function familiesOf(stack: Pick<Stack, 'pidOf'>): Promise<Map<PlatformProcess, number[]>> {
  const pids = new Map<PlatformProcess, number>()
  for (const name of names) pids.set(name, (await stack.pidOf(name)) ?? 0)
  const children = childrenOfAll()
  return new Map(
    [...pids].map(([name, pid]) => [
      name,
      family(pid, children, new Set([...pids.values()].filter((each) => each !== pid))),
    ]),
  )
}

/** The samples are deployed in the background after the first start. */
export async function samplesAnswer({ home }: Pick<Stack, 'home'>): Promise<void> {
  const sandboxes = () => readdirSync(`${home}/instances`).filter((name) => !name.startsWith('.')).length
  for (let quiet = 0; quiet < 10; await delay(500)) quiet = sandboxes() >= 3 ? quiet + 1 : 0
}

/** What is in a file of a process, nothing when it has ended. */
export function ofProcess(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

/** Proportional set size in KiB (proc_pid_smaps(5)): shared pages divided among their users. */
export const pssOf = (pid: number): number => Number(/^Pss:\s+(\d+)/m.exec(ofProcess(pid, 'smaps_rollup'))?.[1] ?? 0)

/** What it has used of processors, of user and system time together (proc_pid_stat(5)); a tick is 10 ms. */
export function cpuMsOf(pid: number): number {
  const fields = ofProcess(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ')
  return 10 * (Number(fields[11] ?? 0) + Number(fields[12] ?? 0))
}

/** KiB of a file that is mapped in a process: its share of them, and all. */
export function mappedOf(pid: number, file: string): { pss: number; rss: number } {
  const sum = { pss: 0, rss: 0 }
  let isIt = false
  for (const line of ofProcess(pid, 'smaps').split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isIt = line.endsWith(file)
    else if (isIt && line.startsWith('Pss:')) sum.pss += Number(/\d+/.exec(line)?.[0] ?? 0)
    else if (isIt && line.startsWith('Rss:')) sum.rss += Number(/\d+/.exec(line)?.[0] ?? 0)
  }
  return sum
}

function childrenOfAll(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const parent = Number(/^PPid:\s+(\d+)/m.exec(ofProcess(name, 'status'))?.[1] ?? 0)
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  return children
}

function family(pid: number, children: Map<number, number[]>, others: Set<number>): number[] {
  if (others.has(pid) || /(^|\/)bwrap\0/.test(ofProcess(pid, 'cmdline'))) return []
  return [pid, ...(children.get(pid) ?? []).flatMap((child) => family(child, children, others))]
}
