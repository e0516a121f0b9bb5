/** Most links that one path may go through, as Linux has it. */
const maxHops = 40

/**
 * Whether a link stays inside the tree when followed, through other links of the tree too: `a → b/../..` depends on
 * where `b` leads, so names alone do not tell.
 */
export function staysInside(path: string, links: ReadonlyMap<string, string>): boolean {
  const target = links.get(path)
  if (target === undefined) return true
  const at = path.split('/').slice(0, -1)
  const todo = segments(target)
  if (target === '' || target.startsWith('/') || target.includes('\0')) return false
  for (let hops = 0; todo.length > 0;) {
    const name = todo.shift()
    if (name === undefined || name === '.') continue
    if (name === '..') {
      if (at.length === 0) return false
      at.pop()
      continue
    }
    at.push(name)
    const next = links.get(at.join('/'))
    if (next === undefined) continue
    if (next.startsWith('/') || ++hops > maxHops) return false
    at.pop()
    todo.unshift(...segments(next))
  }
  return true
}

function segments(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}
