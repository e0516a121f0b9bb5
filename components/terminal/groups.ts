/**
 * Which terminals stand side by side. Kept in this browser, by service, so that they stand as they were after a reload;
 * which there are is the platform's to say.
 */
export type Groups = readonly (readonly string[])[]

/** What is kept, without what is gone, and with what is new in tabs of its own. */
export function reconcile(groups: Groups, ids: readonly string[]): Groups {
  const left = groups.map((group) => group.filter((id) => ids.includes(id))).filter((group) => group.length > 0)
  const known = new Set(left.flat())
  return [...left, ...ids.filter((id) => !known.has(id)).map((id) => [id])]
}

/** Beside another; without one in a tab of its own. */
export function place(groups: Groups, id: string, beside: string | null): Groups {
  const rest = groups.map((group) => group.filter((each) => each !== id)).filter((group) => group.length > 0)
  if (beside === null || !rest.some((group) => group.includes(beside))) return [...rest, [id]]
  return rest.map((group) => (group.includes(beside) ? group.toSpliced(group.indexOf(beside) + 1, 0, id) : group))
}

export function readGroups(key: string): Groups {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(kept) &&
      kept.every((group) => Array.isArray(group) && group.every((id) => typeof id === 'string'))
      ? kept
      : []
  } catch {
    return []
  }
}

export function keepGroups(key: string, groups: Groups): void {
  try {
    if (groups.some((group) => group.length > 1)) localStorage.setItem(key, JSON.stringify(groups))
    else localStorage.removeItem(key)
  } catch {
    // How they stood is no loss.
  }
}
