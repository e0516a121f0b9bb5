'use client'
import '@xterm/xterm/css/xterm.css'
import { ChevronDown, ChevronUp, X } from 'lucide-react'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useIsDark } from '#components/frame/theme.ts'
import { Button, IconButton } from '#components/ui/button.tsx'
import { Input } from '#components/ui/input.tsx'
import { sentence } from '#components/ui/problem.ts'
import { Spinner } from '#components/ui/spinner.tsx'
import type { TerminalSession } from './session.ts'

/** A terminal's screen, and over it what is to be known: that it is disconnected, that it has ended, the search. */
export function TerminalScreen({
  session,
  title,
  hidden,
  active,
  replaced,
  hasCurrent,
  reason,
  onFocus,
  onClose,
  onAnother,
  onCurrent,
}: {
  session: TerminalSession
  title: string
  hidden: boolean
  /** The one of those in sight that is typed into. */
  active: boolean
  /** Its instance is not there any more, or drains. */
  replaced: boolean
  /** Another instance is live. */
  hasCurrent: boolean
  /** Why no other can be opened. */
  reason: string | null
  onFocus: () => void
  onClose: () => void
  onAnother: () => void
  onCurrent: () => void
}) {
  const box = useRef<HTMLDivElement>(null)
  const dark = useIsDark()
  const state = useSyncExternalStore(
    session.subscribe,
    () => session.state,
    () => session.state,
  )
  const [searching, setSearching] = useState(false)
  useEffect(() => session.recolour(), [session, dark])
  useEffect(() => {
    const element = box.current
    if (element === null || hidden) return
    session.show(element)
    const watch = new ResizeObserver(() => session.fit())
    watch.observe(element)
    return () => watch.disconnect()
  }, [session, hidden])
  useEffect(() => {
    if (active && !hidden) session.xterm.focus()
  }, [session, active, hidden])
  return (
    <div
      role="group"
      aria-label={`${title}. Ctrl+F6 leaves it.`}
      data-own-keys
      className="relative flex min-w-0 grow basis-0 flex-col"
      onFocus={onFocus}
      onKeyDown={(event) => {
        // Tab and Escape are the program's: this is the way out by keyboard.
        if (event.ctrlKey && event.key === 'F6') {
          event.preventDefault()
          event.currentTarget
            .closest('section, [role=tabpanel]')
            ?.querySelector<HTMLElement>('[aria-label=Terminals] [aria-selected=true]')
            ?.focus()
          return
        }
        if (!(event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'f')) return
        event.preventDefault()
        event.stopPropagation()
        setSearching(true)
      }}
    >
      {state.name === 'open' && replaced && hasCurrent && (
        <p
          role="status"
          className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-warn/40 bg-warn-soft px-3 py-1.5 text-warn"
        >
          <span>This instance was replaced and stops soon.</span>
          <Button size="small" reason={reason} onClick={onCurrent}>
            Open a shell in the current one
          </Button>
        </p>
      )}
      <div className="relative min-h-0 grow">
        <div ref={box} className="absolute inset-0 overflow-hidden p-2" />
      </div>
      {searching && (
        <Search
          session={session}
          onClose={() => {
            setSearching(false)
            session.xterm.focus()
          }}
        />
      )}
      {state.name === 'interrupted' && (
        <p
          role="status"
          className="absolute inset-x-0 top-0 flex items-center gap-2 bg-warn-soft px-3 py-1.5 text-warn"
        >
          <Spinner className="size-3" />
          Disconnected, reconnecting… The shell keeps running. Text that you type now is not sent.
        </p>
      )}
      {state.name === 'connecting' && (
        <p role="status" className="absolute inset-x-0 top-0 flex items-center gap-2 bg-sunken px-3 py-1.5 text-muted">
          <Spinner className="size-3" />
          Connecting…
        </p>
      )}
      {state.name === 'ended' && (
        <p
          role="status"
          className="flex shrink-0 flex-wrap items-center gap-2 border-t border-border bg-sunken px-3 py-1.5"
        >
          {replaced
            ? 'The shell was closed because its instance was replaced or stopped.'
            : state.error === null
              ? 'The shell has exited.'
              : sentence(state.error.message)}
          <Button size="small" kind="primary" reason={reason} onClick={onAnother}>
            Open a new one
          </Button>
          <Button size="small" onClick={onClose}>
            Close it
          </Button>
        </p>
      )}
    </div>
  )
}

function Search({ session, onClose }: { session: TerminalSession; onClose: () => void }) {
  const [text, setText] = useState('')
  const find = (up: boolean, words = text) =>
    void (up ? session.search.findPrevious(words) : session.search.findNext(words, { incremental: words !== text }))
  return (
    <div
      role="search"
      className="absolute top-2 right-4 z-10 flex items-center gap-1 rounded border border-border-strong bg-raised p-1 shadow-float"
    >
      <Input
        autoFocus
        aria-label="Search in the terminal"
        placeholder="Search"
        className="w-44!"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          find(true, event.target.value)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') find(!event.shiftKey)
          if (event.key === 'Escape') onClose()
        }}
      />
      <IconButton size="small" label="Previous" onClick={() => find(true)}>
        <ChevronUp />
      </IconButton>
      <IconButton size="small" label="Next" onClick={() => find(false)}>
        <ChevronDown />
      </IconButton>
      <IconButton size="small" label="Close the search" onClick={onClose}>
        <X />
      </IconButton>
    </div>
  )
}
