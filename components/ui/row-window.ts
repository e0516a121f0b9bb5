'use client'
import { type RefObject, useLayoutEffect, useState } from 'react'

export interface RowWindow {
  first: number
  last: number
}

/** Rows are added and dropped by this many at a time, so that most scroll events change nothing. */
const step = 16

/**
 * Which rows of a long table are in sight of the screen's scroller, with some to spare. Rows of one known height need no
 * measuring, and so no library of 10 kB. Before the first layout it is a screenful, as on the server.
 */
export function useRowWindow(body: RefObject<HTMLElement | null>, count: number, rowHeight: number): RowWindow {
  const [window_, setWindow] = useState<RowWindow>({ first: 0, last: Math.min(count, 40) })
  useLayoutEffect(() => {
    const element = body.current
    const scroller = element?.closest<HTMLElement>('[data-scroller]')
    if (!element || !scroller) return
    const measure = () => {
      const above = scroller.getBoundingClientRect().top - element.getBoundingClientRect().top
      const first = Math.max(0, Math.floor(above / rowHeight / step) * step - step)
      const last = Math.min(count, Math.ceil((above + scroller.clientHeight) / rowHeight / step) * step + step)
      setWindow((old) => (old.first === first && old.last === last ? old : { first, last }))
    }
    measure()
    scroller.addEventListener('scroll', measure, { passive: true })
    const resized = new ResizeObserver(measure)
    resized.observe(scroller)
    return () => {
      scroller.removeEventListener('scroll', measure)
      resized.disconnect()
    }
  }, [body, count, rowHeight])
  const last = Math.min(count, window_.last)
  return { first: Math.min(window_.first, Math.max(0, last - step)), last }
}
