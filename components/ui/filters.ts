'use client'
import { useSearchParams } from 'next/navigation'
import { useCallback } from 'react'

/**
 * Filters live in the address, so that a filtered screen is a link; changing them asks the server for nothing. An empty
 * value is left out.
 */
export function useFilters<Name extends string>(names: readonly Name[]): [Record<Name, string>, (change: Partial<Record<Name, string>>) => void] {
  const params = useSearchParams()
  const values = Object.fromEntries(names.map((name) => [name, params.get(name) ?? ''])) as Record<Name, string>
  const change = useCallback((changed: Partial<Record<Name, string>>) => {
    const next = new URLSearchParams(window.location.search)
    for (const [name, value] of Object.entries<string | undefined>(changed)) {
      if (value) next.set(name, value)
      else next.delete(name)
    }
    const query = next.toString()
    window.history.replaceState(null, '', `${window.location.pathname}${query === '' ? '' : `?${query}`}`)
  }, [])
  return [values, change]
}
