import { useSyncExternalStore } from 'react'
import type { Draft } from './draft.ts'
import { withoutSecrets } from './secret-headers.ts'

const listeners = new Set<() => void>()
/** Of this window, with everything; what a reload finds again is in the tab's own storage, without secrets. */
const drafts = new Map<string, Draft | undefined>()
const nameOf = (key: string) => `m3o.request.${key}`

/** The request that is being put together, kept while the tab is open: another tab of the service or a reload loses nothing. `key`: person, service, environment and endpoint. */
export function useKeptDraft(key: string): [Draft | undefined, (draft: Draft | undefined) => void] {
  return [
    useSyncExternalStore(
      subscribe,
      () => read(key),
      () => undefined,
    ),
    (draft) => keepDraft(key, draft),
  ]
}

export function keepDraft(key: string, draft: Draft | undefined): void {
  drafts.set(key, draft)
  try {
    if (draft === undefined) sessionStorage.removeItem(nameOf(key))
    else sessionStorage.setItem(nameOf(key), JSON.stringify({ ...draft, headers: withoutSecrets(draft.headers) }))
  } catch {
    // Full or refused: it is kept in this page.
  }
  for (const listener of listeners) listener()
}

function read(key: string): Draft | undefined {
  if (!drafts.has(key)) drafts.set(key, parse(key))
  return drafts.get(key)
}

function parse(key: string): Draft | undefined {
  try {
    const draft = JSON.parse(sessionStorage.getItem(nameOf(key)) ?? 'null') as Partial<Draft> | null
    const isDraft =
      draft !== null &&
      (draft.mode === 'form' || draft.mode === 'json') &&
      Array.isArray(draft.headers) &&
      typeof draft.path === 'string' &&
      typeof draft.body === 'string' &&
      typeof draft.text === 'string'
    return isDraft ? (draft as Draft) : undefined
  } catch {
    return undefined
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
