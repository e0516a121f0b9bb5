import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { checkout } from '../prepare/run.js'

const testShape = /\.test\.tsx?$/
const imported = /\bfrom '(#[^']+|\.[^']+)'/g

/** Tests that use a database, themselves or by what they import. */
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
  return folders.flatMap(testsIn).filter(uses)
}

function testsIn(folder) {
  return readdirSync(join(checkout, folder), { recursive: true }).filter((path) => testShape.test(path)).map((path) => join(folder, path))
}

/** Files of the checkout, as package.json's `imports` and relative paths name them. */
function importsOf(path) {
  if (!/\.[jt]sx?$/.test(path)) return []
  return [...readFileSync(join(checkout, path), 'utf8').matchAll(imported)]
    .map(([, name]) => normalize(name.startsWith('#') ? name.slice(1) : join(dirname(path), name)))
    .filter((inside) => statSync(join(checkout, inside), { throwIfNoEntry: false })?.isFile())
}
