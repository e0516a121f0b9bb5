import { problemOf, sentence } from './problem.ts'

export interface Toast {
  kind: 'ok' | 'bad' | 'plain'
  title: string
  about?: string
  action?: { label: string; run: () => void }
}

/** What was said before anybody listened: the list of toasts is loaded by the first of them. */
let waiting: Toast[] = []
let show: ((toast: Toast) => void) | undefined
const wanted = new Set<() => void>()

function tell(toast: Toast) {
  if (show !== undefined) return show(toast)
  waiting = [...waiting, toast]
  for (const listener of wanted) listener()
}

/** For what was done by an action that stands alone; a form's errors belong into the form. */
export const notify = {
  done: (title: string, more?: Pick<Toast, 'about' | 'action'>) => tell({ kind: 'ok', title, ...more }),
  say: (title: string, more?: Pick<Toast, 'about' | 'action'>) => tell({ kind: 'plain', title, ...more }),
  problem: (error: unknown) => {
    const problem = problemOf(error)
    tell({ kind: 'bad', title: sentence(problem.message), ...(problem.fix !== undefined && { about: sentence(problem.fix) }) })
  },
}

/** For the area that shows them. */
export const toastQueue = {
  subscribe(listener: () => void) {
    wanted.add(listener)
    return () => wanted.delete(listener)
  },
  isWanted: () => waiting.length > 0 || show !== undefined,
  connect(next: (toast: Toast) => void) {
    show = next
    for (const toast of waiting) next(toast)
    waiting = []
    return () => { show = undefined }
  },
}
