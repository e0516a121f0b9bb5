import { useMemo, useSyncExternalStore } from 'react'
import type { CallRequest } from './call-request.ts'
import { withoutSecrets } from './secret-headers.ts'

/** A request with a name, of one person in this browser. Values of secret headers are not kept. */
export interface SavedRequest { name: string; request: CallRequest }

const listeners = new Set<() => void>()
const most = 200

/** @param key person and service */
export function useSavedRequests(key: string) {
  const stored = useSyncExternalStore(subscribe, () => read(key), () => '[]')
  const saved = useMemo(() => parse(stored), [stored])
  return {
    saved,
    /** One of the same name and endpoint is replaced. @returns whether the browser kept it */
    save: (name: string, request: CallRequest) => write(key, [{ name, request: { ...request, headers: withoutSecrets(request.headers) } }, ...without(parse(read(key)), name, request)].slice(0, most)),
    remove: ({ name, request }: SavedRequest) => write(key, without(parse(read(key)), name, request)),
  }
}

const without = (all: readonly SavedRequest[], name: string, { endpoint }: CallRequest) => all.filter((each) => each.name !== name || each.request.endpoint !== endpoint)
const nameOf = (key: string) => `m3o.saved.${key}`

function read(key: string): string {
  try {
    return localStorage.getItem(nameOf(key)) ?? '[]'
  } catch {
    return '[]' // storage is refused, as in a private window
  }
}

function write(key: string, all: readonly SavedRequest[]): boolean {
  try {
    localStorage.setItem(nameOf(key), JSON.stringify(all))
  } catch {
    return false
  }
  for (const listener of listeners) listener()
  return true
}

function parse(stored: string): SavedRequest[] {
  try {
    const value: unknown = JSON.parse(stored)
    return Array.isArray(value) ? value.filter((each): each is SavedRequest => typeof each?.name === 'string' && typeof each.request?.path === 'string' && Array.isArray(each.request.headers)) : []
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
