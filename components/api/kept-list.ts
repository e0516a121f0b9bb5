import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { CallRequest } from './call-request.ts'

interface Kept {
  request: CallRequest
}

const listeners = new Set<() => void>()

/**
 * A list of requests that this browser keeps under a name, the same in all its windows.
 * @returns the list, and what changes it, which says whether the browser kept it
 */
export function useKeptList<T extends Kept>(name: string): readonly [T[], (change: (all: T[]) => T[]) => boolean] {
  const stored = useSyncExternalStore(
    subscribe,
    () => read(name),
    () => '[]',
  )
  const all = useMemo(() => parse<T>(stored), [stored])
  // Reads what is stored now: another window may have changed it.
  const change = useCallback((to: (all: T[]) => T[]) => write(name, to(parse<T>(read(name)))), [name])
  return [all, change]
}

function read(name: string): string {
  try {
    return localStorage.getItem(name) ?? '[]'
  } catch {
    return '[]' // storage is refused, as in a private window
  }
}

function write(name: string, all: readonly Kept[]): boolean {
  try {
    localStorage.setItem(name, JSON.stringify(all))
  } catch {
    return false // full or refused
  }
  for (const listener of listeners) listener()
  return true
}

/** What an older console or somebody else wrote there is left out. */
function parse<T extends Kept>(stored: string): T[] {
  try {
    const value: unknown = JSON.parse(stored)
    return Array.isArray(value)
      ? value.filter(
          (each): each is T => typeof each?.request?.path === 'string' && Array.isArray(each.request.headers),
        )
      : []
  } catch {
    return []
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('storage', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('storage', listener)
  }
}
