'use client'
import { useEffect } from 'react'
import { currentActions } from './actions.ts'

/** How long the second key of `g c` may take. */
const pauseMs = 900

/** One listener for all shortcuts: those of the actions that are offered at the moment. */
export function useShortcuts(): void {
  useEffect(() => {
    let before = ''
    let timer: ReturnType<typeof setTimeout> | undefined
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.repeat) return
      const pressed = pressedKeys(event)
      if (pressed === undefined) return
      const together = event.metaKey || event.ctrlKey
      if (!together && (isTyping(event.target) || isInDialog(event.target) || isPressing(pressed, event.target))) return
      const wanted = before === '' ? pressed : `${before} ${pressed}`
      const action =
        currentActions().findLast((each) => each.keys === wanted) ??
        currentActions().findLast((each) => each.keys === pressed)
      clearTimeout(timer)
      before = ''
      if (action !== undefined) {
        event.preventDefault()
        if (!action.reason) action.run()
      } else if (!together && currentActions().some((each) => each.keys?.startsWith(`${pressed} `))) {
        before = pressed
        timer = setTimeout(() => {
          before = ''
        }, pauseMs)
      }
    }
    // Earlier than the screens' own listeners for plain keys would be too early: they may want them for themselves.
    window.addEventListener('keydown', onKey)
    return () => {
      clearTimeout(timer)
      window.removeEventListener('keydown', onKey)
    }
  }, [])
}

function pressedKeys(event: KeyboardEvent): string | undefined {
  if (['Shift', 'Control', 'Meta', 'Alt'].includes(event.key)) return undefined
  const key =
    event.key === ' '
      ? 'space'
      : event.key.length === 1
        ? event.key.toLowerCase()
        : event.key.replace(/^Arrow/, '').toLowerCase()
  const parts = [
    event.metaKey || event.ctrlKey ? 'mod' : '',
    event.altKey ? 'alt' : '',
    event.shiftKey && /^[a-z]$|^.{2,}$/.test(key) ? 'shift' : '',
    key,
  ]
  return parts.filter((part) => part !== '').join('+')
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches(
        'input:not([type=radio], [type=checkbox]), textarea, select, [role=textbox], [data-own-keys], [data-own-keys] *',
      ))
  )
}

/** A button, a link or a box has its own use for these. */
const isPressing = (pressed: string, target: EventTarget | null) =>
  (pressed === 'space' || pressed === 'enter') &&
  target instanceof HTMLElement &&
  target.matches('button, a, summary, input, [role=button]')

const isInDialog = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest('[role=dialog], [role=alertdialog], [role=menu]') !== null
