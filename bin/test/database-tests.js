import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { checkout } from '../prepare/run.js'

const testShape = /\.test\.tsx?$/
const imported = /\bfrom '(#[^']+|\.[^']+)'/g

/** What these show lies in processes, connections, routes and who may do what: whose Postgres keeps their rows makes no difference to it. */
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

/** Tests of what is in a database: they use one, themselves or by what they import. */
export function databaseTests(folders) {
  const seen = new Map()
  const uses = (path) => {
    const known = seen.get(path)
    if (known !== undefined) return known
    seen.set(path, false)
    const found = path.startsWith('e2e/database/') || importsOf(path).some(uses)
    seen.set(path, found)
    return found
  }
  return folders.flatMap(testsIn).filter((path) => !onOneDatabase.some((start) => path.startsWith(start)) && uses(path))
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
