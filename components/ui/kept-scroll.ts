'use client'
import { usePathname } from 'next/navigation'
import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'

/** How far each address was scrolled in this window; the browser remembers only its own, and a screen scrolls inside of the page. */
const offsets = new Map<string, number>()
const patienceMs = 1_500

/** Back and forward bring a screen's scroller to where it was; any other way to it begins at its top. */
export function useKeptScroll(scroller: RefObject<HTMLElement | null>): void {
  const pathname = usePathname()
  const wentBack = useRef(false)
  const here = useRef(pathname)
  useEffect(() => {
    const onBack = () => {
      if (window.location.pathname !== here.current) wentBack.current = true
    }
    window.addEventListener('popstate', onBack)
    return () => window.removeEventListener('popstate', onBack)
  }, [])
  useLayoutEffect(() => {
    here.current = pathname
    const element = scroller.current
    if (element === null) return
    const wanted = wentBack.current ? (offsets.get(pathname) ?? 0) : 0
    wentBack.current = false
    element.scrollTop = wanted
    // What scrolls may still be on its way.
    let watch: ResizeObserver | undefined
    const end = () => {
      watch?.disconnect()
      watch = undefined
    }
    if (wanted > 0 && element.scrollTop < wanted) {
      watch = new ResizeObserver(() => {
        element.scrollTop = wanted
        if (element.scrollTop >= wanted) end()
      })
      for (const child of element.children) watch.observe(child)
    }
    const timer = setTimeout(end, patienceMs)
    let height = element.scrollHeight
    const onScroll = () => {
      // A skeleton that takes the screen's place is lower: that is not the person's scrolling.
      const shrank = element.scrollHeight < height
      height = element.scrollHeight
      if (watch === undefined && !shrank) offsets.set(pathname, element.scrollTop)
    }
    element.addEventListener('scroll', onScroll, { passive: true })
    element.addEventListener('wheel', end, { passive: true })
    return () => {
      end()
      clearTimeout(timer)
      element.removeEventListener('scroll', onScroll)
      element.removeEventListener('wheel', end)
    }
  }, [scroller, pathname])
}
