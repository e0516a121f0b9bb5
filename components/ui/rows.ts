'use client'
import { type RefObject, useEffect } from 'react'

const stops = 'a[href], button, input, select, textarea, [tabindex]'
const rowsOf = (list: HTMLElement) =>
  [...list.children].filter(
    (each): each is HTMLElement => each instanceof HTMLElement && !each.hasAttribute('aria-hidden'),
  )
const linkOf = (row: HTMLElement) => row.querySelector<HTMLElement>('[data-row-link]')
/** What takes the focus for a row: its link, or the row itself. */
const headOf = (row: HTMLElement) => linkOf(row) ?? row

/**
 * A list or a table's body whose rows are one stop of the Tab key together: Tab goes on to the current row's own controls, ↑ ↓ j k
 * to other rows (https://www.w3.org/WAI/ARIA/apg/practices/keyboard-interface/#kbd_roving_tabindex). Done to the elements,
 * as cells draw controls of all kinds, and rows come and go with scrolling.
 */
export function useRows(list: RefObject<HTMLElement | null>, isThere = true): void {
  useEffect(() => {
    const element = list.current
    if (element === null) return
    element.dataset['rows'] = ''
    let current: HTMLElement | undefined
    const settle = () => {
      const rows = rowsOf(element)
      if (current === undefined || !current.isConnected) current = rows[0]
      for (const row of rows) setStops(row, row === current)
    }
    const onFocus = ({ target }: FocusEvent) => {
      const row = rowsOf(element).find((each) => target instanceof Node && each.contains(target))
      if (row === undefined || row === current) return
      current = row
      settle()
    }
    settle()
    const changes = new MutationObserver(settle)
    changes.observe(element, { childList: true, subtree: true })
    element.addEventListener('focusin', onFocus)
    return () => {
      changes.disconnect()
      element.removeEventListener('focusin', onFocus)
    }
  }, [list, isThere])
}

function setStops(row: HTMLElement, on: boolean): void {
  if (linkOf(row) === null) row.tabIndex = on ? 0 : -1
  for (const stop of row.querySelectorAll<HTMLElement>(stops)) {
    if (on && stop.dataset['stop'] === 'off') {
      delete stop.dataset['stop']
      stop.tabIndex = 0
    } else if (!on && stop.tabIndex >= 0) {
      stop.dataset['stop'] = 'off'
      stop.tabIndex = -1
    }
  }
}

/** One listener for all lists of the screen: j and k also begin in a list that does not have the focus yet. */
export function watchRowKeys(): () => void {
  window.addEventListener('keydown', onKey)
  return () => window.removeEventListener('keydown', onKey)
}

function onKey(event: KeyboardEvent): void {
  const { key, target } = event
  const by = key === 'j' || key === 'ArrowDown' ? 1 : key === 'k' || key === 'ArrowUp' ? -1 : 0
  if (
    by === 0 ||
    event.defaultPrevented ||
    event.metaKey ||
    event.ctrlKey ||
    event.altKey ||
    event.shiftKey ||
    !(target instanceof HTMLElement)
  )
    return
  if (
    target.isContentEditable ||
    target.closest(
      'input, textarea, select, [role=dialog], [role=alertdialog], [role=menu], [role=listbox], [role=slider], [role=tree], [role=radiogroup], [role=textbox], [data-own-keys]',
    ) !== null
  )
    return
  const within = target.closest<HTMLElement>('[data-rows]')
  // Arrows scroll the page until a row has the focus.
  if (within === null && key.startsWith('Arrow')) return
  const list =
    within ??
    [...document.querySelectorAll<HTMLElement>('#screen [data-rows]')].find((each) => each.getClientRects().length > 0)
  if (list === undefined) return
  const rows = rowsOf(list)
  const from = rows.findIndex((row) => row.contains(target))
  const next = from === -1 ? startOf(list, rows) : rows[from + by]
  if (next === undefined) return
  event.preventDefault()
  focusRow(next)
}

/** Where one was before, or else the first row in sight. */
function startOf(list: HTMLElement, rows: readonly HTMLElement[]): HTMLElement | undefined {
  const top = list.closest('[data-scroller]')?.getBoundingClientRect().top ?? 0
  const inSight = (row: HTMLElement) => {
    const box = row.getBoundingClientRect()
    return box.bottom > top + 30 && box.top < window.innerHeight
  }
  return (
    rows.find((row) => headOf(row).tabIndex === 0 && row !== rows[0] && inSight(row)) ?? rows.find(inSight) ?? rows[0]
  )
}

function focusRow(row: HTMLElement): void {
  const head = headOf(row)
  // Makes the focus visible whatever was last used.
  head.focus({ preventScroll: true, focusVisible: true })
  row.scrollIntoView({ block: 'nearest' })
}
