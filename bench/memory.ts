/**
 * What the platform's own processes take at rest: `node bench/memory.ts [SECONDS]`. A whole platform with its samples is
 * started and left alone for so long; then the PSS (proc_pid_smaps(5): shared pages divided among their users) of parent,
 * web, runtime, gateway and Postgres is summed, each with its helpers, the samples' sandboxes apart. Node's own program counts once
 * and in full, whoever else on the machine runs it and would have a share.
 */
import { realpathSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { familiesOf, mappedOf, pssOf, samplesAnswer } from '#e2e/stack/families.ts'
import { node, startStack } from '#e2e/stack/stack.ts'

const limitMiB = 300
const seconds = Number(process.argv[2] ?? 75)

const stack = await startStack()
try {
  await samplesAnswer(stack)
  await delay(seconds * 1000)
  let sum = 0
  const program = { counted: 0, whole: 0 }
  for (const [name, pids] of await familiesOf(stack)) {
    const kiB = pids.reduce((total, pid) => total + pssOf(pid), 0)
    sum += kiB
    for (const { pss, rss } of pids.map((pid) => mappedOf(pid, realpathSync(node)))) {
      program.counted += pss
      program.whole = Math.max(program.whole, rss)
    }
    console.log(
      `${name.padEnd(9)} ${(kiB / 1024).toFixed(0).padStart(4)} MiB in ${pids.length} process${pids.length === 1 ? '' : 'es'}`,
    )
  }
  console.log(
    `Node's program: ${(program.counted / 1024).toFixed(0)} MiB of it is in these, ${(program.whole / 1024).toFixed(0)} are in memory`,
  )
  const total = (sum - program.counted + program.whole) / 1024
  console.log(
    `together  ${total.toFixed(0).padStart(4)} MiB of ${limitMiB} MiB: ${(total / limitMiB).toFixed(2)} of the limit`,
  )
  process.exitCode = total <= limitMiB ? 0 : 1
} finally {
  await stack.stop()
}
