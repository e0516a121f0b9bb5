import type { Diagnostic } from './protocol.ts'

/** A module, or its types, was not found: TypeScript's codes. */
const unresolved = new Set([2307, 2875, 7016])
/** What is untyped only because of that: parameters that the missing types would have given theirs. */
const untyped = new Set([7005, 7006, 7019, 7031, 7034, 7053])

/**
 * Leaves out what is not the author's mistake: packages that package.json names are installed by the next deployment, and
 * their types need not exist.
 */
export function ownProblems(found: readonly Diagnostic[], dependencies: ReadonlySet<string>): Diagnostic[] {
  const isAbsent = (one: Diagnostic) => {
    if (!unresolved.has(Number(one.code))) return false
    const module = /['"]([^'"]+)['"]/.exec(one.message)?.[1]
    return module !== undefined && dependencies.has(packageOf(module))
  }
  const absent = found.some(isAbsent)
  return found.filter((one) => !isAbsent(one) && !(absent && untyped.has(Number(one.code))))
}

/** `@scope/name/deep` → `@scope/name`. */
function packageOf(module: string): string {
  return module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/')
}
