'use client'
import { useEffect, useState } from 'react'

/** Longer than the pause between two clicks of somebody who is made to click again and again at one place. */
const settlesMs = 1000

/**
 * Whether this page has been in front of its visitor for a second. A button that gives something away waits for it: another site
 * could open the page under a pointer that is about to click (https://owasp.org/www-community/attacks/Clickjacking).
 */
export function useInFront(): boolean {
  const [inFront, setInFront] = useState(false)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = () => {
      clearTimeout(timer)
      setInFront(false)
      if (document.visibilityState === 'visible' && document.hasFocus())
        timer = setTimeout(() => setInFront(true), settlesMs)
    }
    look()
    const ends = new AbortController()
    for (const name of ['focus', 'blur']) window.addEventListener(name, look, { signal: ends.signal })
    document.addEventListener('visibilitychange', look, { signal: ends.signal })
    return () => {
      clearTimeout(timer)
      ends.abort()
    }
  }, [])
  return inFront
}
