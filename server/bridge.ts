import type { ResolveOptions } from './page.ts'

/**
 * The only value of the server that Next's bundle touches. Modules that Next imports are other instances than the server's
 * own, so it is handed this one object instead, and reads it lazily: it is absent while Next builds.
 */
export interface Bridge {
  /** Context of procedures for the page that is being made. */
  context: ResolveOptions['context']
  router: ResolveOptions['router']
  /** How far the events of teams have come. */
  mark: () => string
}

const key = Symbol.for('m3o.web')

export function provideBridge(bridge: Bridge): void {
  ;(globalThis as Record<symbol, unknown>)[key] = bridge
}

export function bridge(): Bridge {
  const found = (globalThis as Record<symbol, unknown>)[key] as Bridge | undefined
  if (found === undefined) throw new Error('pages are served by server/main.ts only')
  return found
}
