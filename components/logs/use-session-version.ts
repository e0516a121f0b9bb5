'use client'
import { useSyncExternalStore } from 'react'
import type { LogSession } from './log-session.ts'

/** Draws the component anew when something of the session has changed. */
export function useSessionVersion(session: LogSession | null): number {
  return useSyncExternalStore(session?.subscribe ?? never, () => session?.version ?? 0, () => 0)
}

const never = () => () => {}
