'use client'
import type { ReactNode } from 'react'
import { useArrival, type What } from './arriving.tsx'
import { ScreenSkeleton, ShapeSkeleton } from './screen-skeleton.tsx'

/** Stands in for the screen or tab of a link until it has loaded: its skeleton, when that takes longer than a moment. */
export function PlaceOf({ what, children }: { what: What; children: ReactNode }) {
  const arrival = useArrival()
  const isArriving = arrival?.what === what
  return (
    <>
      {isArriving &&
        (arrival.title === undefined ? (
          <ShapeSkeleton label="Loading" shape={arrival.shape} />
        ) : (
          <ScreenSkeleton title={arrival.title} shape={arrival.shape} />
        ))}
      <div className={isArriving ? 'hidden' : 'contents'}>{children}</div>
    </>
  )
}
