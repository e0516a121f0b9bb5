'use client'
import { useSyncExternalStore } from 'react'

/** How a person wants times to be told: by their own clock, or in UTC. Kept in a cookie, like the theme. */
const clocks = ['local', 'utc'] as const
export type Clock = (typeof clocks)[number]

const cookie = 'm3o-clock'
const listeners = new Set<() => void>()
let chosen: Clock | undefined

function readClock(): Clock {
  if (typeof document === 'undefined') return 'utc'
  return (chosen ??= new RegExp(`(?:^|; )${cookie}=utc`).test(document.cookie) ? 'utc' : 'local')
}

export function setClock(clock: Clock): void {
  chosen = clock
  document.cookie =
    clock === 'utc'
      ? `${cookie}=utc; path=/; max-age=31536000; samesite=lax`
      : `${cookie}=; path=/; max-age=0; samesite=lax`
  for (const listener of listeners) listener()
}

let local: string | undefined
/** The browser's own time zone, such as `Europe/Berlin`. */
export const localZone = (): string => (local ??= new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC')

/** The time zone in which times are told now; the server, which knows no browser's, tells them in UTC. */
export const readZone = (): string => (readClock() === 'utc' ? 'UTC' : localZone())

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

export const useClock = (): Clock => useSyncExternalStore(subscribe, readClock, () => 'local')

/**
 * Whatever shows a time of day reads its zone here, so that it is drawn again when the setting changes, and once after the
 * server's markup, whose times are in UTC, was taken over.
 */
export const useZone = (): string => useSyncExternalStore(subscribe, readZone, () => 'UTC')

/** The browser's own zone, which the server does not know. */
export const useLocalZone = (): string => useSyncExternalStore(subscribe, localZone, () => 'browser')
