'use client'
import { useSearchParams } from 'next/navigation'
import { useCallback, useEffect, useMemo, useState } from 'react'

/**
 * Filters live in the address, so that a filtered screen is a link; changing them asks the server for nothing. An empty
 * value is left out.
 */
export function useFilters<Name extends string>(
  names: readonly Name[],
): [Record<Name, string>, (change: Partial<Record<Name, string>>) => void] {
  const params = useSearchParams()
  // Next tells of a changed address in a transition, later than the next key may come: a field must show what was typed
  // at once, or React puts the text before it back. The address itself is never behind.
  const [query, setQuery] = useState(() => params.toString())
  useEffect(() => setQuery(new URLSearchParams(window.location.search).toString()), [params])
  const key = names.join()
  const values = useMemo(() => {
    const now = new URLSearchParams(query)
    return Object.fromEntries(key.split(',').map((name) => [name, now.get(name) ?? ''])) as Record<Name, string>
  }, [query, key])
  const change = useCallback((changed: Partial<Record<Name, string>>) => {
    const next = new URLSearchParams(window.location.search)
    for (const [name, value] of Object.entries<string | undefined>(changed)) {
      if (value) next.set(name, value)
      else next.delete(name)
    }
    const words = next.toString()
    setQuery(words)
    window.history.replaceState(null, '', `${window.location.pathname}${words === '' ? '' : `?${words}`}`)
  }, [])
  return [values, change]
}
