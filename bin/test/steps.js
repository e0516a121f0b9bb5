import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { checkout, lastOf, run } from '../prepare/run.js'

/** `reasons`: a line for each failure. @typedef {{ name: string, passed: number, failed: number, seconds: number, reasons: string[] }} Result */

export const cruisedFolders = [
  'app',
  'components',
  'client',
  'server',
  'contract',
  'db',
  'runtime',
  'gateway',
  'cli',
  'sdk',
].filter((name) => existsSync(join(checkout, name)))

/** Where vitest finds tests, as in vitest.config.ts. */
export const testFolders = [
  ...cruisedFolders.filter((name) => name !== 'app'),
  'templates',
  'services',
  'fixtures',
  'bin',
]

/** The one that npm brought: in a fresh clone it is there only after the preparation. */
const node = () => {
  const brought = join(checkout, 'node_modules/.bin/node')
  return existsSync(brought) ? brought : process.execPath
}
const withinMs = 1_500_000

/** A check that passes or fails as a whole. @returns {Promise<Result>} */
export async function step(name, args) {
  const { code, seconds, reasons } = await timed(name, args)
  return { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, seconds, reasons }
}

/** @returns {Promise<Result>} */
export async function vitestStep(name, files, env = {}) {
  return await reported(
    name,
    env,
    (report) => [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...files,
    ],
    ({ numPassedTests, numFailedTests, testResults }) => ({
      passed: numPassedTests,
      failed: numFailedTests,
      reasons: testResults.flatMap((file) => [
        ...(file.message ? [`${relative(checkout, file.name)}: ${firstLine(file.message)}`] : []),
        ...file.assertionResults
          .filter(({ status }) => status === 'failed')
          .map((one) => `${relative(checkout, file.name)} › ${one.fullName}: ${firstLine(one.failureMessages[0])}`),
      ]),
    }),
  )
}

/** @returns {Promise<Result>} */
export async function playwrightStep() {
  return await reported(
    'browser',
    {},
    () => ['node_modules/@playwright/test/cli.js', 'test', '--reporter=list,json'],
    ({ stats, suites }) => ({
      passed: stats.expected,
      failed: stats.unexpected + stats.flaky,
      reasons: suites.flatMap(failuresIn),
    }),
  )
}

function failuresIn({ specs = [], suites = [] }) {
  return [
    ...specs
      .filter(({ ok }) => !ok)
      .map(({ file, title, tests }) => `${file} › ${title}: ${firstLine(tests[0]?.results.at(-1)?.error?.message)}`),
    ...suites.flatMap(failuresIn),
  ]
}

/** Runs what writes a JSON report; one that fails without saying what counts as one failure. */
async function reported(name, env, argsFor, counts) {
  const folder = mkdtempSync(join(tmpdir(), 'm3o-report-'))
  try {
    const report = join(folder, 'report.json')
    const { code, seconds, reasons } = await timed(name, argsFor(report), {
      ...env,
      PLAYWRIGHT_JSON_OUTPUT_FILE: report,
    })
    const counted = existsSync(report)
      ? counts(JSON.parse(readFileSync(report, 'utf8')))
      : { passed: 0, failed: 0, reasons }
    return { name, seconds, ...counted, failed: code !== 0 && counted.failed === 0 ? 1 : counted.failed }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function timed(name, args, env = {}) {
  console.log(`\n── ${name}`)
  const began = performance.now()
  const { code, late, output } = await run(node(), ['--disable-warning=ExperimentalWarning', ...args], {
    withinMs,
    show: true,
    env: { ...process.env, NODE_ENV: 'test', ...env },
  })
  const seconds = Math.round((performance.now() - began) / 1000)
  const reasons = code === 0 ? [] : [late ? `timed out after ${withinMs / 1000} s` : lastOf(output, 3)]
  return { code, seconds, reasons }
}

function firstLine(text = 'failed') {
  return stripVTControlCharacters(text).trim().split('\n')[0].slice(0, 200)
}
