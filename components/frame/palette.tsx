'use client'
import { clsx } from 'clsx'
import { Command } from 'cmdk'
import { Search } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { useState } from 'react'
import { Kbd } from '#components/ui/kbd.tsx'
import { type PaletteEntry, usePaletteEntries } from './palette-entries.tsx'
import { usePlace } from './place.ts'
import { addRecent } from './recents.ts'
import { searchPalette } from './palette-search.ts'

/** Go anywhere, do anything that the screen's buttons do. Loaded when first opened. */
export function Palette({ onDismiss }: { onDismiss: () => void }) {
  const { team } = usePlace()
  const [text, setText] = useState('')
  const groups = searchPalette(usePaletteEntries(text), text)
  const choose = (entry: PaletteEntry) => {
    if (entry.reason) return
    if (entry.group !== 'Console') addRecent(team, entry.id.replace(/^recent /, ''))
    onDismiss()
    entry.run()
  }
  return (
    <Radix.Root
      open
      onOpenChange={(open) => {
        if (!open) onDismiss()
      }}
    >
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-veil" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[max(10dvh,12px)] left-1/2 z-40 w-[min(600px,calc(100vw-24px))] -translate-x-1/2 animate-arrive overflow-hidden rounded border border-border-strong bg-raised shadow-float focus:outline-none"
        >
          <Radix.Title className="sr-only">Search and commands</Radix.Title>
          <Command shouldFilter={false} loop label="Search and commands">
            <div className="flex items-center gap-2 border-b border-border px-3">
              <Search aria-hidden className="size-4 text-muted" />
              <Command.Input
                autoFocus
                value={text}
                onValueChange={setText}
                placeholder="Find a service, environment, person, command…"
                className="h-11 w-full bg-transparent text-large outline-none"
              />
            </div>
            <Command.List className="max-h-[min(420px,60dvh)] overflow-y-auto p-1">
              <Command.Empty className="px-3 py-8 text-center text-muted">Nothing found for “{text}”.</Command.Empty>
              {groups.map(({ group, entries }) => (
                <Command.Group
                  key={group}
                  heading={group}
                  className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-tiny [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-muted"
                >
                  {entries.map((entry) => (
                    <Row key={entry.id} entry={entry} choose={choose} />
                  ))}
                </Command.Group>
              ))}
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function Row({ entry, choose }: { entry: PaletteEntry; choose: (entry: PaletteEntry) => void }) {
  return (
    <Command.Item
      value={entry.id}
      onSelect={() => choose(entry)}
      className="flex min-h-8 cursor-default items-center gap-2 rounded-[4px] px-2 aria-selected:bg-hover"
    >
      <span className="flex size-4 shrink-0 items-center justify-center text-muted [&_svg]:size-3.5">{entry.icon}</span>
      <span className={clsx('max-w-[85%] shrink-0 truncate', entry.reason && 'text-muted')} title={entry.title}>
        {entry.title}
      </span>
      <span className="min-w-0 grow truncate text-small text-muted">{entry.reason ?? entry.about}</span>
      {entry.keys !== undefined && <Kbd keys={entry.keys} />}
    </Command.Item>
  )
}
