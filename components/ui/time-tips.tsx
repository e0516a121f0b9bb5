import { exactTime, otherTime } from './exact-time.ts'
import { tips } from './tip.ts'

/**
 * Shows the exact time of whatever time is pointed at, also beneath a link that covers its row, and of the row that has the
 * keyboard's focus. One pair of listeners for all: a list may show hundreds.
 */
export function watchTimes(): () => void {
  let shown: HTMLElement | null = null
  let frame = 0
  let last: PointerEvent | undefined

  const show = (time: HTMLElement | null, soon = false, focused?: HTMLElement) => {
    if (time === shown) return
    if (time === null) tips.hide()
    else {
      const anchor = time.getClientRects().length > 0 ? time : (focused ?? time)
      tips.show(
        {
          anchor,
          content: <Exact at={Number(time.dataset['at'])} fine={time.dataset['fine'] !== undefined} />,
          keys: undefined,
          side: 'top',
          describes: focused,
        },
        soon,
      )
    }
    shown = time
  }
  const look = () => {
    frame = 0
    if (last?.target instanceof Element) show(timeAt(last.target, last.clientX, last.clientY))
  }
  const onMove = (event: PointerEvent) => {
    if (event.pointerType === 'touch') return
    last = event
    frame ||= requestAnimationFrame(look)
  }
  const onFocus = ({ target }: FocusEvent) => {
    if (!(target instanceof HTMLElement) || !target.matches(':focus-visible')) return
    const isTime = target.matches('time[data-at]')
    const time = isTime
      ? target
      : target.matches('[data-row-link], tr')
        ? (target.closest('tr, li')?.querySelector<HTMLElement>('time[data-at]') ?? null)
        : null
    if (time !== null) show(time, isTime, target)
  }
  const onBlur = () => show(null)

  document.addEventListener('pointermove', onMove, { passive: true })
  document.addEventListener('focusin', onFocus)
  document.addEventListener('focusout', onBlur)
  return () => {
    cancelAnimationFrame(frame)
    document.removeEventListener('pointermove', onMove)
    document.removeEventListener('focusin', onFocus)
    document.removeEventListener('focusout', onBlur)
  }
}

function timeAt(target: Element, x: number, y: number): HTMLElement | null {
  const direct = target.closest<HTMLElement>('time[data-at]')
  if (direct !== null || target.closest('a') === null) return direct
  return (
    document
      .elementsFromPoint(x, y)
      .find((each): each is HTMLElement => each instanceof HTMLElement && each.matches('time[data-at]')) ?? null
  )
}

function Exact({ at, fine }: { at: number; fine: boolean }) {
  const other = otherTime(at, undefined, fine)
  return (
    <span className="tabular flex flex-col">
      <span>{exactTime(at, undefined, fine)}</span>
      {other !== null && <span className="text-muted">{other}</span>}
    </span>
  )
}
