import { join } from 'node:path'
import { databaseTests } from './test/database-tests.js'
import { debianServer } from './test/debian-server.js'
import { cruisedFolders, playwrightStep, step, vitestStep } from './test/steps.js'
import { checkout, endChildrenWithUs, run } from './prepare/run.js'

// npm test: prepares the checkout, then types, dependency rules, and every test on the embedded Postgres, those that use
// a database on Debian's as well, then the browser. Goes on after a failure, so that one run shows all of them.
endChildrenWithUs()
const prepared = await run(process.execPath, [join(checkout, 'bin/prepare.js'), 'test'], {
  withinMs: 900_000,
  show: true,
})
if (prepared.code !== 0) process.exit(prepared.code ?? 1)

const only = process.argv.slice(2)
const results = []
if (only.length === 0) {
  results.push(await step('types', ['node_modules/typescript/bin/tsc', '-p', '.']))
  results.push(
    await step('dependency rules', ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', ...cruisedFolders]),
  )
}
results.push(await vitestStep('tests', only))
if (only.length === 0) {
  const server = await debianServer()
  if (server !== undefined) {
    try {
      results.push(
        await vitestStep("tests on Debian's Postgres", databaseTests(cruisedFolders), { DATABASE_URL: server.url }),
      )
    } finally {
      await server.stop()
    }
  }
  results.push(await step('faults', ['bin/faults.js', '--short']))
  results.push(await playwrightStep())
}

console.log()
for (const { name, passed, failed, seconds, reasons } of results) {
  console.log(`${failed === 0 ? 'ok  ' : 'FAIL'} ${name}: ${passed} passed, ${failed} failed (${seconds} s)`)
  for (const reason of reasons) console.log(`     ${reason}`)
}
const sum = (count) => results.reduce((total, result) => total + result[count], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exit(sum('failed') === 0 ? 0 : 1)
