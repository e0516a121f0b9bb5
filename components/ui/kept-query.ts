'use client'
import { usePathname, useSearchParams } from 'next/navigation'
import { useEffect, useSyncExternalStore } from 'react'
import { lasting } from '#contract/console-paths.ts'

/** The last query of each screen in this window, so that its tab or its place in the navigation leads back to it. */
const queries = new Map<string, string>()
const listeners = new Set<() => void>()
let version = 0

/** Parts of one screen that the query tells apart have a query each. */
const partNames = ['tab', 'view']
function keyOf(pathname: string, query: URLSearchParams): string {
  return [pathname, ...partNames.map((name) => query.get(name) ?? '')].join('?')
}

function remember(pathname: string, search: string): void {
  const query = lasting(search)
  const key = keyOf(pathname, query)
  const words = query.toString()
  if ((queries.get(key) ?? '') === words) return
  queries.set(key, words)
  version++
  for (const listener of listeners) listener()
}

/** Once, in the frame. */
export function useKeepQueries(): void {
  const pathname = usePathname()
  const search = useSearchParams().toString()
  useEffect(() => remember(pathname, search), [pathname, search])
}

/** A link to a screen as it was last looked at in this window. */
export function keptHref(href: string): string {
  const { pathname, searchParams } = new URL(href, 'http://console')
  const words = queries.get(keyOf(pathname, searchParams)) ?? ''
  return words === '' ? href : `${pathname}?${words}`
}

/** Has links drawn again when a query has changed. */
export function useKeptHrefs(): (href: string) => string {
  useSyncExternalStore(
    subscribe,
    () => version,
    () => 0,
  )
  return keptHref
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}
