'use client'
import type { PointerEvent } from 'react'

/** A border that can be dragged, and moved with the arrow keys. It lies on the start edge of a panel below, on the end edge of one at the side. */
export function Splitter({
  label,
  axis,
  value,
  least,
  most,
  onChange,
}: {
  label: string
  axis: 'x' | 'y'
  value: number
  least: number
  most: number
  onChange: (value: number) => void
}) {
  const clamp = (next: number) => onChange(Math.round(Math.min(most, Math.max(least, next))))
  const drag = (down: PointerEvent<HTMLDivElement>) => {
    down.preventDefault()
    const handle = down.currentTarget
    handle.setPointerCapture(down.pointerId)
    const move = (event: globalThis.PointerEvent) =>
      clamp(axis === 'x' ? value + event.clientX - down.clientX : value + down.clientY - event.clientY)
    handle.addEventListener('pointermove', move)
    handle.addEventListener('pointerup', () => handle.removeEventListener('pointermove', move), { once: true })
  }
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={axis === 'x' ? 'vertical' : 'horizontal'}
      aria-valuenow={value}
      aria-valuemin={least}
      aria-valuemax={most}
      data-own-keys
      onPointerDown={drag}
      onKeyDown={(event) => {
        const by =
          {
            ArrowRight: axis === 'x' ? 16 : 0,
            ArrowLeft: axis === 'x' ? -16 : 0,
            ArrowUp: axis === 'y' ? 16 : 0,
            ArrowDown: axis === 'y' ? -16 : 0,
          }[event.key] ?? 0
        if (by !== 0) {
          event.preventDefault()
          clamp(value + by)
        }
      }}
      className={
        axis === 'x'
          ? 'absolute inset-y-0 -right-1 z-10 hidden w-2 cursor-col-resize touch-none hover:bg-accent/30 md:block'
          : 'absolute inset-x-0 -top-1 z-10 h-2 cursor-row-resize touch-none hover:bg-accent/30'
      }
    />
  )
}
