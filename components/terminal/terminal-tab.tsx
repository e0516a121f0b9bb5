'use client'
import dynamic from 'next/dynamic'
import { Skeleton } from '#components/ui/skeleton.tsx'

/** The terminals of a service, loaded when they are looked at. */
export const TerminalTab = dynamic(() => import('./terminals.tsx').then((module) => module.Terminals), {
  ssr: false,
  loading: () => (
    <div role="status" aria-label="Loading the terminal" className="flex flex-col gap-2 p-3">
      <Skeleton className="h-3 w-64" />
      <Skeleton className="h-3 w-40" />
    </div>
  ),
})
