import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkout, run } from '../prepare/run.js'

/** @typedef {{ name: string, passed: number, failed: number, seconds: number }} Result */

export const cruisedFolders = ['app', 'components', 'client', 'server', 'contract', 'db', 'runtime', 'gateway', 'cli', 'sdk'].filter((name) => existsSync(join(checkout, name)))

/** The one that npm brought: in a fresh clone it is there only after the preparation. */
const node = () => {
  const brought = join(checkout, 'node_modules/.bin/node')
  return existsSync(brought) ? brought : process.execPath
}
const withinMs = 1_500_000

/** A check that passes or fails as a whole. @returns {Promise<Result>} */
export async function step(name, args) {
  const { code, seconds } = await timed(name, args)
  return { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, seconds }
}

/** @returns {Promise<Result>} */
export async function vitestStep(name, files, env = {}) {
  return await reported(name, env, (report) => [
    'node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...files,
  ], ({ numPassedTests, numFailedTests }) => ({ passed: numPassedTests, failed: numFailedTests }))
}

/** @returns {Promise<Result>} */
export async function playwrightStep() {
  return await reported('browser', {}, () => ['node_modules/@playwright/test/cli.js', 'test', '--reporter=list,json'],
    ({ stats }) => ({ passed: stats.expected + stats.flaky, failed: stats.unexpected }))
}

/** Tests that use a database, by what they import. */
export function databaseTests() {
  const found = []
  const look = (path) => {
    for (const entry of readdirSync(join(checkout, path), { withFileTypes: true })) {
      const inside = `${path}/${entry.name}`
      if (entry.isDirectory()) look(inside)
      else if (/\.test\.tsx?$/.test(entry.name) && readFileSync(join(checkout, inside), 'utf8').includes('e2e/database/')) found.push(inside)
    }
  }
  cruisedFolders.forEach(look)
  return found
}

/** Runs what writes a JSON report; one that fails without saying what counts as one failure. */
async function reported(name, env, argsFor, counts) {
  const folder = mkdtempSync(join(tmpdir(), 'm3o-report-'))
  try {
    const report = join(folder, 'report.json')
    const { code, seconds } = await timed(name, argsFor(report), { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: report })
    const counted = existsSync(report) ? counts(JSON.parse(readFileSync(report, 'utf8'))) : { passed: 0, failed: 0 }
    return { name, seconds, passed: counted.passed, failed: code !== 0 && counted.failed === 0 ? 1 : counted.failed }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function timed(name, args, env = {}) {
  console.log(`\n── ${name}`)
  const began = performance.now()
  const { code, late } = await run(node(), ['--disable-warning=ExperimentalWarning', ...args], { withinMs, show: true, env: { ...process.env, NODE_ENV: 'test', ...env } })
  if (late) console.log(`${name} did not end within ${withinMs / 1000} s`)
  return { code, seconds: Math.round((performance.now() - began) / 1000) }
}
