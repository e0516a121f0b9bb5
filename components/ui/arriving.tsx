'use client'
import { useLinkStatus } from 'next/link'
import { useLayoutEffect, useSyncExternalStore } from 'react'

/** A whole screen is on its way, or a tab of the service that is shown. */
export type What = 'screen' | 'tab'
interface Arrival { what: What; title: string | undefined }

/** What comes sooner takes the place of what is shown at once, without anything in between. */
const patienceMs = 150

let now: Arrival | null = null
const listeners = new Set<() => void>()

function say(arrival: Arrival | null): void {
  now = arrival
  for (const listener of listeners) listener()
}

/** Stands in a link: tells after a moment that what it leads to is on its way. `title`: of that screen, where it is known. */
export function Arriving({ what, title }: { what: What; title?: string }) {
  const { pending } = useLinkStatus()
  useLayoutEffect(() => {
    if (!pending) return
    const timer = setTimeout(() => say({ what, title }), patienceMs)
    return () => {
      clearTimeout(timer)
      say(null)
    }
  }, [pending, what, title])
  return null
}

/** For who shows a skeleton in its place. */
export function useArrival(): Arrival | null {
  return useSyncExternalStore(subscribe, () => now, () => null)
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => { listeners.delete(listener) }
}
