'use client'
import { cloneElement, type FocusEvent, type PointerEvent, type ReactElement, type ReactNode } from 'react'
import { both } from './handlers.ts'
import { type Side, tips } from './tip.ts'

export interface TooltipProps {
  content: ReactNode
  /** Shortcut shown beside the words: `mod+k`. */
  keys?: string | undefined
  side?: Side
  /** Must be focusable and pass handlers on to its element. */
  children: ReactElement<Record<string, unknown>>
}

/** A hint on hover and on keyboard focus. All share one layer (tip-layer.tsx), so that a row of buttons costs nothing. */
export function Tooltip({ content, keys, side = 'bottom', children }: TooltipProps) {
  const { props } = children
  const show = (anchor: HTMLElement, soon?: boolean) => tips.show({ anchor, content, keys, side }, soon)
  return cloneElement(children, {
    onPointerEnter: both(props['onPointerEnter'], (event: PointerEvent<HTMLElement>) => {
      if (event.pointerType !== 'touch') show(event.currentTarget)
    }),
    onPointerLeave: both(props['onPointerLeave'], () => tips.hide()),
    onPointerDown: both(props['onPointerDown'], () => tips.hide(true)),
    onFocus: both(props['onFocus'], (event: FocusEvent<HTMLElement>) => {
      if (event.currentTarget.matches(':focus-visible')) show(event.currentTarget, true)
    }),
    onBlur: both(props['onBlur'], () => tips.hide(true)),
  })
}
