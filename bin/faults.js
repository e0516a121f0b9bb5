import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { checkout, endChildrenWithUs, run } from './prepare/run.js'

// npm run faults [-- NAME…] [--short] [--times N]: what goes wrong on purpose, in e2e/faults, one after the other.
endChildrenWithUs()
const args = process.argv.slice(2)
const options = args.filter((arg, at) => arg.startsWith('--') || args[at - 1] === '--times')
const chosen = args.filter((arg) => !options.includes(arg))
const known = readdirSync(join(checkout, 'e2e/faults'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace('.ts', ''))
  .filter((name) => !['fault', 'run'].includes(name) && !name.endsWith('.test'))
const unknown = chosen.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`error: unknown fault: ${unknown.join(', ')}\nChoose from ${known.join(', ')}.`)
  process.exit(2)
}
const broke = []
for (const name of chosen.length > 0 ? chosen : known) {
  const { code } = await run(
    join(checkout, 'node_modules/.bin/node'),
    ['--disable-warning=ExperimentalWarning', 'e2e/faults/run.ts', name, ...options],
    { withinMs: 3_600_000, show: true },
  )
  if (code !== 0) broke.push(name)
}
console.log(broke.length === 0 ? 'all held' : `did not hold: ${broke.join(', ')}`)
process.exit(broke.length === 0 ? 0 : 1)
