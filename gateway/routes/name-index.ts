export interface Named {
  id: string
  name: string
  formerNames: string[]
  /** Names that it had elsewhere. */
  formerIn?: { teamId: string; name: string }[] | undefined
  gone?: string | null
}

/** Finds things by the names that they have, and had, within a scope (their team). */
export class NameIndex<T extends Named> {
  private readonly current = new Map<string, T[]>()
  private readonly former = new Map<string, T[]>()
  private readonly scopeOf: (thing: T) => string

  constructor(scopeOf: (thing: T) => string) {
    this.scopeOf = scopeOf
  }

  /** `moved` when it has another name now. A current name wins over a former one, and a thing that exists over a deleted one. */
  find(scope: string, name: string): { thing: T; moved: boolean } | undefined {
    const key = `${scope}/${name}`
    const now = best(this.current.get(key))
    if (now !== undefined) return { thing: now, moved: false }
    const before = best(this.former.get(key))
    return before === undefined ? undefined : { thing: before, moved: true }
  }

  add(thing: T): void {
    const scope = this.scopeOf(thing)
    push(this.current, `${scope}/${thing.name}`, thing)
    for (const name of thing.formerNames) push(this.former, `${scope}/${name}`, thing)
    for (const { teamId, name } of thing.formerIn ?? []) push(this.former, `${teamId}/${name}`, thing)
  }

  remove(thing: T): void {
    const scope = this.scopeOf(thing)
    drop(this.current, `${scope}/${thing.name}`, thing)
    for (const name of thing.formerNames) drop(this.former, `${scope}/${name}`, thing)
    for (const { teamId, name } of thing.formerIn ?? []) drop(this.former, `${teamId}/${name}`, thing)
  }
}

function best<T extends Named>(things: T[] | undefined): T | undefined {
  if (things === undefined || things.length === 1) return things?.[0]
  return things.findLast((thing) => !thing.gone) ?? things.at(-1)
}

function push<T>(map: Map<string, T[]>, key: string, thing: T): void {
  const things = map.get(key)
  if (things === undefined) map.set(key, [thing])
  else things.push(thing)
}

function drop<T>(map: Map<string, T[]>, key: string, thing: T): void {
  const left = map.get(key)?.filter((other) => other !== thing) ?? []
  if (left.length === 0) map.delete(key)
  else map.set(key, left)
}
