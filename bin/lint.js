import { join } from 'node:path'
import { checkout, run } from './prepare/run.js'
import { lintSteps } from './test/lint-steps.js'
import { step } from './test/steps.js'

// npm run lint: every check that needs no test: format, lint rules, unused code, types and the direction of imports. With
// `--fix`, rewrites what the formatter and the linter can repair by themselves.
const fix = process.argv.includes('--fix')
if (fix) {
  await run(join(checkout, 'node_modules/.bin/oxlint'), ['--fix', '--quiet'], { withinMs: 300_000, show: true })
  await run(join(checkout, 'node_modules/.bin/oxfmt'), ['.'], { withinMs: 300_000, show: true })
}
const results = []
for (const [name, args] of lintSteps) results.push(await step(name, args))
console.log()
for (const { name, failed, seconds } of results) console.log(`${failed === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
process.exit(results.every(({ failed }) => failed === 0) ? 0 : 1)
