import { errorOf } from './errors.ts'

/** Of standalone actions only: a form's errors belong to its fields, a dialog's into the dialog, a page's to its boundary. */
export interface Toast {
  kind: 'done' | 'error'
  title: string
  description?: string
  undo?: { label: string; run: () => void }
  /** Where there is more of it. */
  link?: { label: string; href: string }
}

/** What was said before anybody listened: the list of toasts (components/ui/toast-area.tsx) is loaded by the first of them. */
let waiting: Toast[] = []
let show: ((toast: Toast) => void) | undefined
const wanted = new Set<() => void>()

export function toastDone(message: string, options: Pick<Toast, 'description' | 'undo'> = {}): void {
  tell({ kind: 'done', title: message, ...options })
}

/** What happened and what to do. */
export function toastError(error: unknown): void {
  const { message, fix } = errorOf(error)
  // The lines of a file around a fault have no room here.
  tell({ kind: 'error', title: message.split('\n', 1)[0] ?? '', ...(fix !== undefined && { description: fix }) })
}

/** Something that was begun earlier has failed since. */
export function toastNews(toast: Pick<Toast, 'title' | 'description' | 'link'>): void {
  tell({ kind: 'error', ...toast })
}

/** For the list that shows them. */
export const toastQueue = {
  subscribe(listener: () => void): () => void {
    wanted.add(listener)
    return () => wanted.delete(listener)
  },
  isWanted: (): boolean => waiting.length > 0 || show !== undefined,
  connect(next: (toast: Toast) => void): () => void {
    show = next
    for (const toast of waiting) next(toast)
    waiting = []
    return () => {
      show = undefined
    }
  },
}

function tell(toast: Toast): void {
  if (show !== undefined) return show(toast)
  waiting = [...waiting, toast]
  for (const listener of wanted) listener()
}
