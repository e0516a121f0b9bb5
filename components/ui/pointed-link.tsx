'use client'
import Link from 'next/link'
import { type ComponentProps, useState } from 'react'
import { both } from './handlers.ts'

/** A link whose screen is fetched whole once it is pointed at or focused, so that a click has nothing to wait for. */
export function PointedLink({ onPointerEnter, onFocus, ...rest }: Omit<ComponentProps<typeof Link>, 'prefetch'>) {
  const [wanted, setWanted] = useState(false)
  const want = () => setWanted(true)
  return <Link {...rest} prefetch={wanted} onPointerEnter={both(onPointerEnter, want)} onFocus={both(onFocus, want)} />
}
