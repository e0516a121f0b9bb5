'use client'
import { useSyncExternalStore } from 'react'
import { themeCookie } from './theme-cookie.ts'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const listeners = new Set<() => void>()

export function setTheme(theme: Theme): void {
  if (theme === 'system') {
    delete document.documentElement.dataset['theme']
    document.cookie = `${themeCookie}=; path=/; max-age=0; samesite=lax`
  } else {
    document.documentElement.dataset['theme'] = theme
    document.cookie = `${themeCookie}=${theme}; path=/; max-age=31536000; samesite=lax`
  }
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

function chosen(): Theme {
  const theme = document.documentElement.dataset['theme']
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, chosen, () => 'system')

/** What is on the screen, for editors and terminals that bring their own colours. */
export function useIsDark(): boolean {
  return useSyncExternalStore(subscribeDark, isDark, () => false)
}

function subscribeDark(listener: () => void) {
  const system = matchMedia('(prefers-color-scheme: dark)')
  system.addEventListener('change', listener)
  const stop = subscribe(listener)
  return () => {
    system.removeEventListener('change', listener)
    stop()
  }
}

function isDark(): boolean {
  const theme = chosen()
  return theme === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark'
}
