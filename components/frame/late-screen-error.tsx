'use client'
import { type ComponentType, useEffect, useState } from 'react'
import type { ScreenErrorProps } from './screen-error.tsx'

/**
 * The error boundaries' face, fetched when something has failed: no screen carries it along. Should that fail as well, the
 * least is here already.
 */
export function LateScreenError(props: ScreenErrorProps & { away?: boolean }) {
  const [Whole, setWhole] = useState<ComponentType<ScreenErrorProps & { away?: boolean }> | null>(null)
  const [isAway, setAway] = useState(false)
  useEffect(() => {
    import('./screen-error.tsx').then(
      ({ ScreenError }) => setWhole(() => ScreenError),
      () => setAway(true),
    )
  }, [])
  if (Whole !== null) return <Whole {...props} />
  if (!isAway) return null
  return (
    <div role="alert" className="mx-auto max-w-lg px-6 py-16 text-center">
      <h2 className="text-large font-semibold">The console cannot be reached.</h2>
      <p className="mt-1 text-muted">Reload the page in a moment.</p>
    </div>
  )
}
