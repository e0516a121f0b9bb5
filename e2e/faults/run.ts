import { parseArgs } from 'node:util'
import type { Fault } from './fault.ts'

/** `node e2e/faults/run.ts NAME [--short] [--times N]`: one fault, its findings as they come. Ends with 1 when one did not hold. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, times: { type: 'string' } },
})
const { default: it } = (await import(`./${positionals[0]}.ts`)) as { default: Fault }
const times = values.times ? Number(values.times) : values.short ? it.short : it.full

if (times === undefined) {
  console.log(`left out ${positionals[0]}: only in the whole suite`)
} else if (it.needsRoot && process.getuid?.() !== 0) {
  console.log(`left out ${positionals[0]}: needs root`)
} else {
  console.log(it.title)
  try {
    for await (const { what, held, measured } of it.run(times)) {
      console.log(`  ${held ? 'held ' : 'BROKE'} ${what}: ${measured}`)
      if (!held) process.exitCode = 1
    }
  } catch (error) {
    for (let each: unknown = error; each !== undefined; each = (each as { suppressed?: unknown }).suppressed)
      console.error(each)
    process.exitCode = 1
  }
}
