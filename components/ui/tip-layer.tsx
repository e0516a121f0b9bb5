'use client'
import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react'
import { Kbd } from './kbd.tsx'
import { watchTimes } from './time-tips.tsx'
import { type Side, type Tip, tips } from './tip.ts'

const id = 'tip'
const gap = 6
const margin = 8

/** Once, in the root: shows the hint of whatever is pointed at or has the focus. */
export function TipLayer() {
  useEffect(watchTimes, [])
  const tip = useSyncExternalStore(tips.subscribe, tips.read, () => undefined)
  return tip === undefined ? null : <Shown key={id} tip={tip} />
}

function Shown({ tip }: { tip: Tip }) {
  const box = useRef<HTMLDivElement>(null)
  const [place, setPlace] = useState({ left: -9999, top: 0 })
  useLayoutEffect(() => {
    // In the top layer: dialogs and menus do not cover it.
    if (box.current?.showPopover !== undefined && !box.current.matches(':popover-open')) box.current.showPopover()
    if (box.current !== null)
      setPlace(placeOf(tip.anchor.getBoundingClientRect(), box.current.getBoundingClientRect(), tip.side))
    const described = tip.describes ?? tip.anchor
    const before = described.getAttribute('aria-describedby')
    described.setAttribute('aria-describedby', before === null ? id : `${before} ${id}`)
    return () => {
      if (before === null) described.removeAttribute('aria-describedby')
      else described.setAttribute('aria-describedby', before)
    }
  }, [tip])
  useEffect(() => {
    const leave = () => tips.hide(true)
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') leave()
    }
    window.addEventListener('keydown', onKey, true)
    window.addEventListener('scroll', leave, true)
    return () => {
      window.removeEventListener('keydown', onKey, true)
      window.removeEventListener('scroll', leave, true)
    }
  }, [])
  return (
    <div
      ref={box}
      id={id}
      role="tooltip"
      popover="manual"
      style={place}
      onPointerEnter={tips.keep}
      onPointerLeave={() => tips.hide()}
      className="fixed inset-auto m-0 max-w-72 animate-arrive rounded border border-border-strong bg-raised px-2 py-1 text-small text-text shadow-float"
    >
      <span className="flex items-center gap-2">
        {tip.content}
        {tip.keys !== undefined && <Kbd keys={tip.keys} />}
      </span>
    </div>
  )
}

/** On the wanted side, or on the opposite one where there is no room, and never outside of the window. */
function placeOf(anchor: DOMRect, own: DOMRect, wanted: Side): { left: number; top: number } {
  const { innerWidth, innerHeight } = window
  const side =
    wanted === 'bottom' && anchor.bottom + gap + own.height > innerHeight - margin
      ? 'top'
      : wanted === 'top' && anchor.top - gap - own.height < margin
        ? 'bottom'
        : wanted === 'right' && anchor.right + gap + own.width > innerWidth - margin
          ? 'left'
          : wanted === 'left' && anchor.left - gap - own.width < margin
            ? 'right'
            : wanted
  const across = anchor.left + (anchor.width - own.width) / 2
  const along = anchor.top + (anchor.height - own.height) / 2
  const { left, top } = {
    top: { left: across, top: anchor.top - gap - own.height },
    bottom: { left: across, top: anchor.bottom + gap },
    left: { left: anchor.left - gap - own.width, top: along },
    right: { left: anchor.right + gap, top: along },
  }[side]
  const within = (at: number, size: number, room: number) =>
    Math.round(Math.max(margin, Math.min(at, room - size - margin)))
  return { left: within(left, own.width, innerWidth), top: within(top, own.height, innerHeight) }
}
