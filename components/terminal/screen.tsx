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
export function TerminalScreen({ session, hidden, onClose }: { session: TerminalSession; hidden: boolean; onClose: () => void }) {
  const box = useRef<HTMLDivElement>(null)
  const dark = useIsDark()
  const state = useSyncExternalStore(session.subscribe, () => session.state, () => session.state)
  const [searching, setSearching] = useState(false)
  useEffect(() => session.recolour(), [session, dark])
  useEffect(() => {
    const element = box.current
    if (element === null || hidden) return
    session.show(element)
    session.xterm.focus()
    const watch = new ResizeObserver(() => session.fit())
    watch.observe(element)
    return () => watch.disconnect()
  }, [session, hidden])
  return (
    <div
      hidden={hidden}
      data-own-keys
      className="absolute inset-0"
      onKeyDown={(event) => {
        if (!(event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'f')) return
        event.preventDefault()
        event.stopPropagation()
        setSearching(true)
      }}
    >
      <div ref={box} className="absolute inset-0 overflow-hidden p-2" />
      {searching && <Search session={session} onClose={() => { setSearching(false); session.xterm.focus() }} />}
      {state.name === 'interrupted' && <p role="status" className="absolute inset-x-0 top-0 flex items-center gap-2 bg-warn-soft px-3 py-1.5 text-warn"><Spinner className="size-3" />Disconnected, reconnecting… The shell goes on; what you type now is not sent.</p>}
      {state.name === 'connecting' && <p role="status" className="absolute inset-x-0 top-0 flex items-center gap-2 bg-sunken px-3 py-1.5 text-muted"><Spinner className="size-3" />Connecting…</p>}
      {state.name === 'ended' && (
        <p role="status" className="absolute inset-x-0 bottom-0 flex flex-wrap items-center gap-2 border-t border-border bg-sunken px-3 py-1.5">
          {state.error === null ? 'The shell has ended.' : sentence(state.error.message)}
          <Button size="small" onClick={onClose}>Close it</Button>
        </p>
      )}
    </div>
  )
}

function Search({ session, onClose }: { session: TerminalSession; onClose: () => void }) {
  const [text, setText] = useState('')
  const find = (up: boolean, words = text) => void (up ? session.search.findPrevious(words) : session.search.findNext(words, { incremental: words !== text }))
  return (
    <div role="search" className="absolute top-2 right-4 z-10 flex items-center gap-1 rounded border border-border-strong bg-raised p-1 shadow-float">
      <Input
        autoFocus
        aria-label="Search in the terminal"
        placeholder="Search"
        className="w-44!"
        value={text}
        onChange={(event) => { setText(event.target.value); find(true, event.target.value) }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') find(!event.shiftKey)
          if (event.key === 'Escape') onClose()
        }}
      />
      <IconButton size="small" label="Previous" onClick={() => find(true)}><ChevronUp /></IconButton>
      <IconButton size="small" label="Next" onClick={() => find(false)}><ChevronDown /></IconButton>
      <IconButton size="small" label="Close the search" onClick={onClose}><X /></IconButton>
    </div>
  )
}
