import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { checkout } from '../prepare/run.js'
import { testFolders } from './steps.js'

const testShape = /\.test\.tsx?$/
const imported = /\bfrom '(#[^']+|\.[^']+)'/g

/** Tests of processes, connections, routes and permissions: the Postgres server makes no difference to them. */
const onOneDatabase = [
  'server/laptops/',
  'server/live/',
  'server/http/',
  'server/testing/matrix/',
  'server/two-platforms.test.ts',
  'server/canaries.test.ts',
  'server/hijacking.test.ts',
  'server/peers-holes.test.ts',
  'server/web-security.test.ts',
  'server/sharing-commands.test.ts',
  'runtime/deployments/propagation.test.ts',
  'runtime/promotions/kill.test.ts',
]

/** What talks to Postgres in ways that differ between servers: connections, migrations, dumps. */
const onBothServers = ['db/', 'runtime/backup/']

/**
 * The test files of the checkout, by the server that they run on.
 *
 * @returns {{ embedded: string[], debian: string[] }} paths relative to the checkout
 */
export function testFiles() {
  const all = testFolders.flatMap(testsIn)
  const startsWithOne = (path, starts) => starts.some((start) => path.startsWith(start))
  const portable = new Set(all.filter((path) => !startsWithOne(path, onOneDatabase) && usesDatabase(path)))
  return {
    embedded: all.filter((path) => !portable.has(path) || startsWithOne(path, onBothServers)),
    debian: [...portable],
  }
}

const known = new Map()

/** Whether a file uses a test database, itself or through an import. */
function usesDatabase(path) {
  const answer = known.get(path)
  if (answer !== undefined) return answer
  known.set(path, false)
  const found = path.startsWith('e2e/database/') || importsOf(path).some(usesDatabase)
  known.set(path, found)
  return found
}

function testsIn(folder) {
  return readdirSync(join(checkout, folder), { recursive: true })
    .filter((path) => testShape.test(path))
    .map((path) => join(folder, path))
}

/** Files of the checkout, as package.json's `imports` and relative paths name them. */
function importsOf(path) {
  if (!/\.[jt]sx?$/.test(path)) return []
  return [...readFileSync(join(checkout, path), 'utf8').matchAll(imported)]
    .map(([, name]) => normalize(name.startsWith('#') ? name.slice(1) : join(dirname(path), name)))
    .filter((inside) => statSync(join(checkout, inside), { throwIfNoEntry: false })?.isFile())
}
