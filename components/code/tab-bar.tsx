'use client'
import { clsx } from 'clsx'
import { Circle, CloudOff, GitCompareArrows, TriangleAlert, X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { MenuItem, MenuLine } from '#components/ui/menu.tsx'
import { Spinner } from '#components/ui/spinner.tsx'
import type { SaveState } from './draft-saver.ts'
import { ContextMenu } from './context-menu.tsx'
import { FileIcon } from './file-icon.tsx'
import { useDocuments, useIde } from './ide.ts'
import { nameOf, parentOf } from './tree-rows.ts'
import { pathOfTab, type TabKey, useLayout } from './workspace.ts'

export function TabBar({ onClose }: { onClose: (key: TabKey) => void }) {
  const { workspace } = useIde()
  const { tabs, active, preview } = useLayout(workspace)
  const documents = useDocuments()
  const bar = useRef<HTMLDivElement>(null)
  const [menu, setMenu] = useState<{ key: TabKey; x: number; y: number } | null>(null)
  // In braces: newer browsers give a promise, which React would take for the effect's clean-up.
  useEffect(() => {
    bar.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [active])
  if (tabs.length === 0) return null
  const names = tabs.map((key) => nameOf(titleOf(key)))
  const onKey = (event: KeyboardEvent) => {
    const index = active === null ? -1 : tabs.indexOf(active)
    const to = { ArrowRight: tabs[index + 1], ArrowLeft: tabs[index - 1], Home: tabs[0], End: tabs.at(-1) }[event.key]
    if (event.key === 'Delete' && active !== null) onClose(active)
    else if (to !== undefined) {
      workspace.open(to, { focus: false })
      requestAnimationFrame(() => bar.current?.querySelector<HTMLElement>('[aria-selected=true]')?.focus())
    } else return
    event.preventDefault()
  }
  return (
    <div
      ref={bar}
      role="tablist"
      aria-label="Open files"
      data-own-keys
      onKeyDown={onKey}
      className="flex h-[34px] shrink-0 overflow-x-auto border-b border-border bg-sunken [scrollbar-width:none]"
    >
      {tabs.map((key, index) => {
        const path = pathOfTab(key)
        const state = key.startsWith('file:') && path !== undefined ? documents.state(path) : undefined
        const here = key === active
        const alike = names.filter((name) => name === names[index]).length > 1
        return (
          <div
            key={key}
            role="presentation"
            draggable
            onDragStart={(event) => event.dataTransfer.setData('application/x-m3o-tab', key)}
            onDragOver={(event) => {
              if (event.dataTransfer.types.includes('application/x-m3o-tab')) event.preventDefault()
            }}
            onDrop={(event) => {
              const from = event.dataTransfer.getData('application/x-m3o-tab')
              if (from !== '') workspace.place(from as TabKey, index)
            }}
            onContextMenu={(event) => {
              event.preventDefault()
              setMenu({ key, x: event.clientX, y: event.clientY })
            }}
            className={clsx(
              'group flex shrink-0 items-center border-r border-border',
              here ? 'bg-surface shadow-[inset_0_1px_0_var(--color-accent)]' : 'text-muted hover:bg-hover',
            )}
          >
            <button
              type="button"
              role="tab"
              id={`tab-${index}`}
              aria-selected={here}
              aria-keyshortcuts="Delete"
              aria-controls="editor-area"
              tabIndex={here ? 0 : -1}
              data-focus-inside
              title={titleOf(key)}
              className={clsx('flex h-full max-w-56 items-center gap-1.5 pr-1 pl-3', preview === key && 'italic')}
              onClick={() => workspace.open(key)}
              onDoubleClick={() => workspace.pin(key)}
              onAuxClick={(event) => {
                if (event.button === 1) onClose(key)
              }}
            >
              {key.startsWith('file:') || key.startsWith('library:') ? (
                <FileIcon name={names[index] ?? ''} />
              ) : (
                <GitCompareArrows aria-hidden className="size-3.5 shrink-0 text-muted" />
              )}
              <span className="truncate">{names[index]}</span>
              {alike && <span className="truncate text-tiny text-muted">{parentOf(titleOf(key))}</span>}
              {state !== undefined && <SaveMark state={state} />}
            </button>
            {/* For the pointer; by keyboard it is the Delete key on the tab, and a tab list may hold nothing but tabs. */}
            <span
              aria-hidden
              onClick={() => onClose(key)}
              className={clsx(
                'mr-1 flex size-5 cursor-pointer items-center justify-center rounded-[4px] text-muted hover:bg-chosen hover:text-text',
                !here && 'opacity-0 group-hover:opacity-100',
              )}
            >
              <X className="size-3" />
            </span>
          </div>
        )
      })}
      {menu !== null && (
        <ContextMenu x={menu.x} y={menu.y} onClose={() => setMenu(null)}>
          {preview === menu.key && <MenuItem onSelect={() => workspace.pin(menu.key)}>Keep it open</MenuItem>}
          <MenuItem onSelect={() => onClose(menu.key)}>Close</MenuItem>
          <MenuItem onSelect={() => tabs.filter((key) => key !== menu.key).forEach(onClose)}>Close the others</MenuItem>
          <MenuItem onSelect={() => tabs.forEach(onClose)}>Close all</MenuItem>
          {workspace.canReopen && (
            <>
              <MenuLine />
              <MenuItem onSelect={() => workspace.reopen()}>Reopen the closed file</MenuItem>
            </>
          )}
        </ContextMenu>
      )}
    </div>
  )
}

/** Saving is the normal case and hardly seen; what needs the person is. */
function SaveMark({ state }: { state: SaveState }) {
  const words = {
    saved: '',
    dirty: 'unsaved',
    saving: 'saving',
    waiting: 'not saved yet: stored in this browser',
    conflict: 'changed by someone else',
    refused: 'could not be saved',
  }[state.name]
  return (
    <span className="flex w-3 shrink-0 justify-center [&_svg]:size-3" title={words}>
      {state.name === 'dirty' && <Circle aria-hidden className="size-2! fill-current text-muted" />}
      {state.name === 'saving' && <Spinner className="text-muted" />}
      {state.name === 'waiting' && <CloudOff aria-hidden className="text-warn" />}
      {(state.name === 'conflict' || state.name === 'refused') && <TriangleAlert aria-hidden className="text-bad" />}
      {words !== '' && <span className="sr-only">{words}</span>}
    </span>
  )
}

export function titleOf(key: TabKey): string {
  const path = pathOfTab(key)
  if (path !== undefined) return path
  if (key.startsWith('library:')) return decodeURIComponent(key.slice(8)).replace(/^\w+:\/\/+/, '')
  return key.split(':').slice(2).join(':')
}
