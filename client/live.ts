'use client'
import { useEffect, useEffectEvent, useSyncExternalStore } from 'react'
import type { PlatformError } from '#contract/errors.ts'
import type { LiveInput, LiveItem, LiveTopic } from '#contract/live.ts'
import { type ConnectionState, type Handlers, LiveConnection, type Subscription } from './live-connection.ts'

let connection: LiveConnection | undefined

/** The page's one connection; made when first asked for, in the browser only. */
export const live = (): LiveConnection => (connection ??= new LiveConnection())

/**
 * Subscribes while mounted; `input` null waits. A change of input (compared as JSON) subscribes anew. The latest `onItem`
 * is always the one called.
 */
export function useLive<T extends Exclude<LiveTopic, 'terminal' | 'exec'>>(
  topic: T,
  input: LiveInput<T> | null,
  onItem: (item: LiveItem<T>) => void,
  onEnd: (error: PlatformError | null) => void = () => {},
): void {
  const item = useEffectEvent(onItem)
  const end = useEffectEvent(onEnd)
  const key = input === null ? null : JSON.stringify(input)
  useEffect(() => {
    if (key === null) return
    const subscription = live().subscribe(topic, JSON.parse(key) as LiveInput<T>, {
      onItems: (items) => items.forEach((one) => item(one)),
      onEnd: (error) => end(error),
    })
    return () => subscription.close()
  }, [topic, key])
}

/** For what needs more than items: logs that resume, terminals. Close it when done. */
export function subscribe<T extends LiveTopic>(topic: T, input: LiveInput<T>, handlers: Handlers<T>): Subscription {
  return live().subscribe(topic, input, handlers)
}

/** `connecting` until the first subscription has connected. */
export function useConnection(): ConnectionState {
  return useSyncExternalStore(
    (listener) => live().onState(listener),
    () => live().state,
    () => 'connecting' as const,
  )
}
