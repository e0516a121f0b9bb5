'use client'
import { clsx } from 'clsx'
import { ChevronDown } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useRef } from 'react'
import { IconButton } from '#components/ui/button.tsx'
import { useIde } from './ide.ts'
import { PanelBoundary } from './panel-boundary.tsx'
import { Splitter } from './splitter.tsx'
import { type Panel, useLayout } from './workspace.ts'

export interface PanelTab {
  name: Panel
  label: string
  mark?: ReactNode
  content: ReactNode
}

/** Below the editor. What was shown once stays alive behind the others: a terminal is not built anew for a look at the problems. */
export function BottomPanel({ tabs }: { tabs: readonly PanelTab[] }) {
  const { workspace } = useIde()
  const { panel, panelOpen, panelHeight } = useLayout(workspace)
  const seen = useRef(new Set<Panel>())
  const front = tabs.some(({ name }) => name === panel) ? panel : 'problems'
  if (panelOpen) seen.current.add(front)
  const walk = (event: KeyboardEvent) => {
    const index = tabs.findIndex(({ name }) => name === front)
    const next = event.key === 'ArrowRight' ? tabs[index + 1] : event.key === 'ArrowLeft' ? tabs[index - 1] : undefined
    if (next === undefined) return
    workspace.showPanel(next.name)
    event.currentTarget.querySelector<HTMLElement>(`[data-panel=${next.name}]`)?.focus()
  }
  return (
    <section
      aria-label="Panel"
      hidden={!panelOpen}
      className={clsx('relative min-h-0 shrink-0 flex-col border-t border-border', panelOpen && 'flex')}
      style={{ height: `min(${panelHeight}px, 70%)` }}
    >
      <Splitter
        label="Height of the panel"
        axis="y"
        value={panelHeight}
        least={96}
        most={900}
        onChange={(height) => workspace.set({ panelHeight: height })}
      />
      <div className="flex h-8 shrink-0 items-center border-b border-border pr-1 pl-1">
        <div
          role="tablist"
          aria-label="Panel"
          className="flex min-w-0 grow overflow-x-auto [scrollbar-width:none]"
          onKeyDown={walk}
        >
          {tabs.map(({ name, label, mark }) => (
            <button
              key={name}
              type="button"
              role="tab"
              data-panel={name}
              data-focus-inside
              aria-selected={name === front}
              tabIndex={name === front ? 0 : -1}
              className={clsx(
                'flex h-8 shrink-0 items-center gap-1.5 border-b-2 px-2 text-small',
                name === front ? 'border-text font-medium text-text' : 'border-transparent text-muted hover:text-text',
              )}
              onClick={() => workspace.showPanel(name)}
            >
              {label}
              {mark}
            </button>
          ))}
        </div>
        <IconButton
          size="small"
          label="Hide the panel"
          keys="mod+j"
          onClick={() => workspace.set({ panelOpen: false })}
        >
          <ChevronDown />
        </IconButton>
      </div>
      {tabs.map(
        ({ name, label, content }) =>
          seen.current.has(name) && (
            <div
              key={name}
              role="tabpanel"
              aria-label={label}
              hidden={name !== front}
              className="relative min-h-0 grow overflow-hidden"
            >
              <PanelBoundary>{content}</PanelBoundary>
            </div>
          ),
      )}
    </section>
  )
}
