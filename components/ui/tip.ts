import type { ReactNode } from 'react'

export type Side = 'top' | 'right' | 'bottom' | 'left'

export interface Tip {
  anchor: HTMLElement
  content: ReactNode
  keys: string | undefined
  side: Side
  /** What has the focus, where the hint is of a part of it. */
  describes?: HTMLElement | undefined
}

const waitMs = 350
/** Long enough to move the pointer onto the tip, which must stay then (WCAG 1.4.13). */
const lingerMs = 120

let shown: Tip | undefined
let timer: ReturnType<typeof setTimeout> | undefined
let hiddenAt = 0
const listeners = new Set<() => void>()

function become(tip: Tip | undefined): void {
  if (shown === tip) return
  if (tip === undefined) hiddenAt = Date.now()
  shown = tip
  for (const listener of listeners) listener()
}

/** The one hint of the page. After one was shown the next comes at once. */
export const tips = {
  show(tip: Tip, soon = false): void {
    clearTimeout(timer)
    const now = soon || shown !== undefined || Date.now() - hiddenAt < 200
    timer = setTimeout(() => become(tip.anchor.isConnected ? tip : undefined), now ? 0 : waitMs)
  },
  hide(soon = false): void {
    clearTimeout(timer)
    if (soon) become(undefined)
    else timer = setTimeout(() => become(undefined), lingerMs)
  },
  keep: (): void => clearTimeout(timer),
  read: (): Tip | undefined => shown,
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  },
}
