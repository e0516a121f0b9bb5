/**
 * What the platform's own processes take at rest: `node bench/memory.ts [SECONDS]`. A whole platform with its samples is
 * started and left alone for so long; then the PSS (proc_pid_smaps(5): shared pages divided among their users) of parent,
 * web, runtime, gateway and Postgres is summed, each with its helpers, the samples' sandboxes apart.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type PlatformProcess, startStack } from '#e2e/stack/stack.ts'

const limitMiB = 350
const seconds = Number(process.argv[2] ?? 75)
const names: PlatformProcess[] = ['parent', 'web', 'runtime', 'gateway', 'postgres']

const stack = await startStack()
try {
  await samplesAnswer()
  await delay(seconds * 1000)
  const pids = new Map<number, PlatformProcess>()
  for (const name of names) pids.set((await stack.pidOf(name)) ?? 0, name)
  const children = childrenOfAll()
  let sum = 0
  for (const [pid, name] of pids) {
    const all = family(pid, children, new Set([...pids.keys()].filter((each) => each !== pid)))
    const kiB = all.reduce((total, each) => total + pss(each), 0)
    sum += kiB
    console.log(`${name.padEnd(9)} ${(kiB / 1024).toFixed(0).padStart(4)} MiB in ${all.length} process${all.length === 1 ? '' : 'es'}`)
  }
  const total = sum / 1024
  console.log(`together  ${total.toFixed(0).padStart(4)} MiB of ${limitMiB} MiB: ${(total / limitMiB).toFixed(2)} of the limit`)
  process.exitCode = total <= limitMiB ? 0 : 1
} finally {
  await stack.stop()
}

/** The samples are deployed in the background after the first start. */
async function samplesAnswer(): Promise<void> {
  const sandboxes = () => readdirSync(`${stack.home}/instances`).filter((name) => !name.startsWith('.')).length
  for (let quiet = 0; quiet < 10; await delay(500)) quiet = sandboxes() >= 3 ? quiet + 1 : 0
}

function childrenOfAll(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const parent = Number(/^PPid:\s+(\d+)/m.exec(read(name, 'status'))?.[1] ?? 0)
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  return children
}

/** A process and all below it, without those that are counted by themselves and the sandboxes of services. */
function family(pid: number, children: Map<number, number[]>, others: Set<number>): number[] {
  if (others.has(pid) || /(^|\/)bwrap\0/.test(read(String(pid), 'cmdline'))) return []
  return [pid, ...(children.get(pid) ?? []).flatMap((child) => family(child, children, others))]
}

function pss(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(String(pid), 'smaps_rollup'))?.[1] ?? 0)
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return '' // it has ended
  }
}
