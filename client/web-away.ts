/** What waits for web because it cannot be reached: screens that were asked for. Shown by components/frame/away-notice.tsx. */
const waiting = new Set<symbol>()
const listeners = new Set<() => void>()

const firstPauseMs = 250
const lastPauseMs = 4_000

export const webAway = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  isWaitedFor: (): boolean => waiting.size > 0,
}

/** Says that a screen waits, until the returned function is called. */
export function waitFor(): () => void {
  const one = Symbol('screen')
  waiting.add(one)
  tell()
  return () => {
    if (waiting.delete(one)) tell()
  }
}

/** Until it is worth asking again: longer with each attempt, and at once when the network is back. */
export function pause(attempts: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer)
      globalThis.removeEventListener?.('online', over)
      signal?.removeEventListener('abort', over)
      resolve()
    }
    // Offline too it ends: the event may have been missed, and nothing is asked for then.
    const timer = setTimeout(over, Math.min(firstPauseMs * 2 ** attempts, lastPauseMs))
    globalThis.addEventListener?.('online', over)
    signal?.addEventListener('abort', over)
  })
}

export const isOnline = (): boolean => typeof navigator === 'undefined' || navigator.onLine !== false

/** A proxy says so in web's place. */
export const isAway = ({ status }: Response): boolean => status >= 502 && status <= 504

/** Leaves the page for an address of the console; offline the browser would show its own error page instead. @returns whether it left */
export function leaveFor(address: string): boolean {
  if (!isOnline()) return false
  location.assign(address)
  return true
}

/** A plain link that is clicked offline waits, as the router's links do. Of several, the last one clicked is opened. */
export function holdLinks(fetch: typeof globalThis.fetch): () => void {
  let last: symbol | undefined
  const onClick = (event: MouseEvent) => {
    const link = (event.target as Element | null)?.closest?.('a')
    if (!(link instanceof HTMLAnchorElement)) return
    const here = Symbol('click')
    last = here
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (
      event.defaultPrevented ||
      !plain ||
      isOnline() ||
      link.origin !== location.origin ||
      link.target !== '' ||
      link.getAttribute('href')?.startsWith('#')
    )
      return
    event.preventDefault()
    const address = link.href
    const done = waitFor()
    void (async () => {
      for (let attempts = 0; last === here; attempts += 1) {
        await pause(attempts)
        const response = await fetch('/icon.svg', { method: 'HEAD', cache: 'no-store' }).catch(() => undefined)
        if (response !== undefined && !isAway(response)) break
      }
      done()
      if (last === here) location.assign(address)
    })()
  }
  window.addEventListener('click', onClick)
  return () => window.removeEventListener('click', onClick)
}

function tell(): void {
  for (const listener of listeners) listener()
}
