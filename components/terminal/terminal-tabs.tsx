'use client'
import { clsx } from 'clsx'
import { X } from 'lucide-react'
import type { KeyboardEvent } from 'react'
import type { Groups } from './groups.ts'

/** One tab for each that stands alone, or for those side by side together. */
export function TerminalTabs({
  groups,
  front,
  titles,
  onChoose,
  onEnd,
}: {
  groups: Groups
  front: readonly string[]
  titles: ReadonlyMap<string, string>
  onChoose: (id: string) => void
  onEnd: (id: string) => void
}) {
  const onKey = (event: KeyboardEvent<HTMLElement>, group: readonly string[]) => {
    const index = groups.indexOf(group)
    const next = { ArrowRight: groups[index + 1], ArrowLeft: groups[index - 1] }[event.key]?.at(-1)
    if (event.key === 'Delete') group.forEach(onEnd)
    if (next === undefined) return
    onChoose(next)
    const tabs = event.currentTarget.closest('[role=tablist]')?.querySelectorAll<HTMLElement>('[role=tab]')
    tabs?.[index + (event.key === 'ArrowRight' ? 1 : -1)]?.focus()
  }
  return (
    <div role="tablist" aria-label="Terminals" className="flex gap-1">
      {groups.map((group) => {
        const here = group === front
        return (
          <span
            key={group[0]}
            role="presentation"
            className={clsx('flex items-center rounded-[4px]', here ? 'bg-chosen' : 'text-muted hover:bg-hover')}
          >
            <button
              type="button"
              role="tab"
              aria-selected={here}
              aria-keyshortcuts="Delete"
              tabIndex={here ? 0 : -1}
              className="h-6 max-w-64 truncate pl-2"
              onClick={() => onChoose(group.at(-1) ?? '')}
              onKeyDown={(event) => onKey(event, group)}
            >
              {group.map((id) => titles.get(id)).join(', ')}
            </button>
            {/* For the pointer; by keyboard it is the Delete key on the tab, and a tab list may hold nothing but tabs. */}
            <span
              aria-hidden
              className="flex size-6 cursor-pointer items-center justify-center rounded-[4px] text-muted hover:text-text"
              onClick={() => group.forEach(onEnd)}
            >
              <X className="size-3" />
            </span>
          </span>
        )
      })}
    </div>
  )
}
