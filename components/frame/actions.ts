'use client'
import { type ReactNode, useEffect, useId, useSyncExternalStore } from 'react'

/** Something that a screen can do. Each button's deed is one as well, so the palette and the keyboard reach it. */
export interface ScreenAction {
  /** Unique on the screen: `service.new`. */
  id: string
  title: string
  /** Heading in the palette; "This screen" when absent. */
  group?: string
  /** `mod+enter` together, `g c` one after the other. */
  keys?: string
  icon?: ReactNode
  /** Other words that find it. */
  words?: string
  /** Why it cannot be done now; it is listed with this, and does nothing. */
  reason?: string | null
  run: () => void
}

const owners = new Map<string, readonly ScreenAction[]>()
const listeners = new Set<() => void>()
let all: readonly ScreenAction[] = []

function publish() {
  all = [...owners.values()].flat()
  for (const listener of listeners) listener()
}

/** Offers the actions for as long as the component is mounted. The array may be made anew on each render. */
export function useActions(actions: readonly ScreenAction[]): void {
  const owner = useId()
  useEffect(() => {
    owners.set(owner, actions)
    publish()
  }, [owner, actions])
  useEffect(
    () => () => {
      owners.delete(owner)
      publish()
    },
    [owner],
  )
}

/** All that is offered now; a later component's action of the same id hides an earlier one's. */
export function useOfferedActions(): readonly ScreenAction[] {
  return useSyncExternalStore(subscribe, currentActions, () => none)
}

const patienceMs = 15_000

/**
 * Runs an action as soon as the screen that offers it is there. One that cannot be done now says why.
 * @param refused is told the reason
 */
export function runWhenOffered(id: string, refused: (reason: string) => void): void {
  const attempt = () => {
    const action = all.findLast((each) => each.id === id)
    if (action === undefined) return false
    if (action.reason) refused(action.reason)
    else action.run()
    return true
  }
  if (attempt()) return
  const stop = subscribe(() => {
    if (attempt()) end()
  })
  const timer = setTimeout(() => stop(), patienceMs)
  const end = () => {
    stop()
    clearTimeout(timer)
  }
}

/** What a key of a screen's own does: the same as the action's button, and nothing when that is disabled. @param refused is told the reason */
export function runAction(id: string, refused: (reason: string) => void): void {
  const action = all.findLast((each) => each.id === id)
  if (action?.reason) refused(action.reason)
  else action?.run()
}

const none: readonly ScreenAction[] = []
export const currentActions = () => all

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}
