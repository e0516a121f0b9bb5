'use client'
import { useLinkStatus } from 'next/link'
import { useLayoutEffect, useSyncExternalStore } from 'react'

/** A whole screen is on its way, a tab of the service that is shown, or a part of the screen below its head. */
export type What = 'screen' | 'tab' | 'part'
/** What it will look like: rows with or without filters above, parts under tabs, lines of a log, boxes of settings, a form and its answer. */
export type Shape = 'rows' | 'filtered' | 'parts' | 'lines' | 'boxes' | 'form'
interface Arrival {
  what: What
  title: string | undefined
  shape: Shape
}

/** What comes sooner takes the place of what is shown at once, without anything in between. */
const patienceMs = 150

let now: Arrival | null = null
const listeners = new Set<() => void>()

function say(arrival: Arrival | null): void {
  now = arrival
  for (const listener of listeners) listener()
}

/**
 * Stands in a link: marks it at once as the one that was pressed (`[data-arriving]`), and tells after a moment that what it
 * leads to is on its way. `title`: of that screen, where it is known.
 */
export function Arriving({ what, title, shape = 'rows' }: { what: What; title?: string; shape?: Shape | undefined }) {
  const { pending } = useLinkStatus()
  useLayoutEffect(() => {
    if (!pending) return
    const timer = setTimeout(() => say({ what, title, shape }), patienceMs)
    return () => {
      clearTimeout(timer)
      say(null)
    }
  }, [pending, what, title, shape])
  return pending ? <span hidden data-arriving /> : null
}

/** For who shows a skeleton in its place. */
export function useArrival(): Arrival | null {
  return useSyncExternalStore(
    subscribe,
    () => now,
    () => null,
  )
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}
