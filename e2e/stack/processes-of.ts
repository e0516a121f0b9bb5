import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'

/** Every process whose command line, environment or working folder names this home: as `pid command`. */
export async function processesOf(home: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue
    const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
    const command = await read('cmdline')
    if (command.includes(home) || (await read('environ')).includes(home))
      found.push(`${pid} ${command.replaceAll('\0', ' ').slice(0, 400)}`)
  }
  return found
}

/** A zombie is gone: only its parent has not heard yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Field 4 of proc_pid_stat(5), counted from the bracket after the name. */
export function parentOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}
