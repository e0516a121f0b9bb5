/**
 * How much processor time the platform takes while nobody does anything: `node bench/idle.ts [SECONDS]`. A whole platform with its
 * samples is started and left alone until it has settled; then the time of parent, web, runtime, gateway and Postgres
 * (proc_pid_stat(5): user and system, with what of their children has ended), each with its helpers and without the samples'
 * own sandboxes, is taken over so many seconds. Reach: 1 % of a core, all together.
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { familiesOf, ofProcess, samplesAnswer } from '#e2e/stack/families.ts'
import { startStack } from '#e2e/stack/stack.ts'

const limitPercent = 1
const seconds = Number(process.argv[2] ?? 60)
const settleMs = 45_000
const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

const stack = await startStack()
try {
  await samplesAnswer(stack)
  await delay(settleMs)
  const before = await taken()
  const began = performance.now()
  await delay(seconds * 1000)
  const passed = (performance.now() - began) / 1000
  const after = await taken()
  let sum = 0
  for (const [name, used] of after) {
    const percent = ((used - (before.get(name) ?? 0)) / ticks / passed) * 100
    sum += percent
    console.log(`${name.padEnd(9)} ${percent.toFixed(2).padStart(5)} % of a core`)
  }
  console.log(
    `together  ${sum.toFixed(2).padStart(5)} % of ${limitPercent} %: ${(sum / limitPercent).toFixed(2)} of the limit, over ${Math.round(passed)} s`,
  )
  process.exitCode = sum <= limitPercent ? 0 : 1
} finally {
  await stack.stop()
}

/** Ticks, by process of the platform. */
async function taken(): Promise<Map<string, number>> {
  const families = await familiesOf(stack)
  return new Map([...families].map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + ticksOf(pid), 0)]))
}

function ticksOf(pid: number): number {
  const fields = ofProcess(pid, 'stat').split(') ')[1]?.split(' ') ?? []
  // utime, stime, cutime, cstime: the 14th to the 17th.
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
}
