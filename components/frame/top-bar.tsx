'use client'
import { Search } from 'lucide-react'
import { Kbd } from '#components/ui/kbd.tsx'
import { ConnectionMark } from './connection-mark.tsx'
import { EnvironmentSwitcher } from './environment-switcher.tsx'
import { PersonMenu } from './person-menu.tsx'
import { TeamSwitcher } from './team-switcher.tsx'

export function TopBar({ openPalette, openShortcuts }: { openPalette: () => void; openShortcuts: () => void }) {
  return (
    <header className="flex h-[46px] min-w-0 items-center gap-1 border-b border-border px-2 pt-0.5 md:col-span-2">
      <TeamSwitcher />
      <span aria-hidden className="text-border-strong">
        /
      </span>
      <EnvironmentSwitcher />
      <div className="ml-auto flex items-center gap-1">
        <ConnectionMark />
        <button
          type="button"
          onClick={openPalette}
          aria-label="Search and commands"
          className="flex h-[30px] items-center gap-2 rounded border border-transparent px-2 text-muted hover:bg-hover sm:w-56 sm:border-border sm:bg-sunken sm:hover:border-border-strong"
        >
          <Search aria-hidden className="size-3.5" />
          <span className="hidden grow text-left sm:inline">Search or do…</span>
          <Kbd keys="mod+k" className="max-sm:hidden" />
        </button>
        <PersonMenu openShortcuts={openShortcuts} />
      </div>
    </header>
  )
}
