'use client'
import { useSyncExternalStore } from 'react'
import type { LogSession } from './log-session.ts'

/** Draws the component anew when something of the session has changed. */
export function useSessionVersion(session: LogSession | null): number {
  return useSyncExternalStore(
    session?.subscribe ?? never,
    () => session?.version ?? 0,
    () => 0,
  )
}

/** The same, only when what is asked for has changed; `ask` gives something that compares by ===. */
export function useOfSession<V>(session: LogSession | null, ask: (session: LogSession | null) => V): V {
  return useSyncExternalStore(
    session?.subscribe ?? never,
    () => ask(session),
    () => ask(null),
  )
}

const never = () => () => {}
