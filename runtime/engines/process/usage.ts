import { readFileSync } from 'node:fs'
import type { Usage } from '../engine.ts'

/** Of one process, where there are no control groups; its children are not counted. proc_pid_stat(5), in pages and ticks. */
export function usageOf(pid: number): Usage | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return {
      memoryBytes: pages * 4096,
      cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
      pids: Number(fields[17]),
    }
  } catch {
    return undefined
  }
}
