'use client'
import dynamic from 'next/dynamic'
import { useSyncExternalStore } from 'react'
import { toastQueue } from '#client/toasts.ts'

const ToastList = dynamic(() => import('./toast-list.tsx').then((module) => module.ToastList), { ssr: false })

/** Loads the list of toasts when there is the first one to show. */
export function ToastArea() {
  const wanted = useSyncExternalStore(toastQueue.subscribe, toastQueue.isWanted, () => false)
  return wanted ? <ToastList /> : null
}
