import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashOf, stampIn } from './inputs.js'
import { checkout, run } from './run.js'

const inputs = ['cli', 'contract', 'db', 'gateway', 'runtime', 'sdk', 'server', 'package-lock.json']
const entries = ['runtime/main.ts', 'gateway/main.ts', 'server/main.ts', 'cli/server/start.ts']
/** As cli/server/checkout.ts has it. */
const cache = 'node_modules/.cache/m3o/compiled'
const stamp = `${cache}/m3o-inputs`
const refusal = 'does not provide an export named'

/**
 * Has the TypeScript of the platform's processes in Node's compile cache before they start. What takes the types out of it stays in
 * a process for as long as it lives, 20 MiB in each: so others do that, which end. They load all of an entry's modules and
 * run none, as they ask the entry for what it does not have, which Node sees when everything is loaded. Without it the
 * platform works as well.
 */
export async function compileAhead() {
  const node = join(checkout, 'node_modules/.bin/node')
  const hash = hashOf(inputs)
  if (!existsSync(node) || stampIn(stamp) === hash) return
  const flags = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    join(checkout, 'cli/server/quick-imports.js'),
    '--input-type=module',
  ]
  const env = { ...process.env, NODE_COMPILE_CACHE: join(checkout, cache) }
  for (const entry of entries) {
    const { output } = await run(
      node,
      [...flags, '-e', `import { nothing } from ${JSON.stringify(join(checkout, entry))}`],
      { env, withinMs: 60_000 },
    )
    if (!output.includes(refusal)) return
  }
  try {
    mkdirSync(join(checkout, cache), { recursive: true })
    writeFileSync(join(checkout, stamp), hash)
  } catch {
    // Where Node cannot write, it goes without.
  }
}
