import { join } from 'node:path'
import { testFiles } from './test/database-tests.js'
import { debianServer } from './test/debian-server.js'
import { lintSteps } from './test/lint-steps.js'
import { playwrightStep, step, vitestStep } from './test/steps.js'
import { checkout, endChildrenWithUs, run } from './prepare/run.js'

// npm test: prepares the checkout, runs the checks of `npm run lint`, every test beside the code, the short faults, and the browser
// tests. Goes on after a failure, so that one run shows all of them. Paths as arguments run only the tests beside the code whose path
// contains one of them; `--changed [COMMIT]` runs the checks and the tests that import what changed (since that commit).
endChildrenWithUs()
const prepared = await run(process.execPath, [join(checkout, 'bin/prepare.js'), 'test'], {
  withinMs: 900_000,
  show: true,
})
if (prepared.code !== 0) process.exit(prepared.code ?? 1)

const only = process.argv.slice(2)
const results = []
if (only.length === 0 || only[0] === '--changed') {
  for (const [name, args] of lintSteps) results.push(await step(name, args))
}
if (only.length > 0) {
  results.push(await vitestStep('tests', only))
} else {
  await testsOnBothServers()
  results.push(await step('faults', ['bin/faults.js', '--short']))
  results.push(await playwrightStep())
}

/**
 * What depends on Postgres itself runs on both servers, the embedded one and Debian's; each other file once, so that both see a
 * share of the product. Without Debian's package everything runs on the embedded one.
 */
async function testsOnBothServers() {
  const server = await debianServer()
  if (server === undefined) {
    results.push(await vitestStep('tests', []))
    return
  }
  try {
    const { embedded, debian } = testFiles()
    results.push(await vitestStep('tests', embedded))
    results.push(await vitestStep("tests on Debian's Postgres", debian, { DATABASE_URL: server.url }))
  } finally {
    await server.stop()
  }
}

console.log()
for (const { name, passed, failed, seconds, reasons } of results) {
  console.log(`${failed === 0 ? 'ok  ' : 'FAIL'} ${name}: ${passed} passed, ${failed} failed (${seconds} s)`)
  for (const reason of reasons) console.log(`     ${reason}`)
}
const sum = (count) => results.reduce((total, result) => total + result[count], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exit(sum('failed') === 0 ? 0 : 1)
