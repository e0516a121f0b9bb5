'use client'
import dynamic from 'next/dynamic'
import { usePathname, useRouter } from 'next/navigation'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useLiveCache } from '#client/live-cache.ts'
import { signOut } from '#client/sign-in.ts'
import { toastError } from '#client/toasts.ts'
import { paths, sections } from '#client/paths.ts'
import { kindLine } from '#components/environments/environment-mark.tsx'
import { keptHref, useKeepQueries } from '#components/ui/kept-query.ts'
import { useKeptScroll } from '#components/ui/kept-scroll.ts'
import { setClock } from '#components/ui/zone.ts'
import { PlaceOf } from '#components/ui/place-of.tsx'
import { watchRowKeys } from '#components/ui/rows.ts'
import { ToastArea } from '#components/ui/toast-area.tsx'
import { type ScreenAction, useActions } from './actions.ts'
import { BottomBar } from './bottom-bar.tsx'
import { EndingNotice } from './ending-notice.tsx'
import { useEnvironment } from './environment.ts'
import { useMyDeployments } from './my-deployments.ts'
import { SideNav } from './side-nav.tsx'
import { screens } from './screens.tsx'
import { useShortcuts } from './shortcuts.ts'
import { setTheme } from './theme.ts'
import { TopBar } from './top-bar.tsx'
import { usePlace } from './place.ts'

const GoneEnvironment = dynamic(() => import('./gone-environment.tsx').then((module) => module.GoneEnvironment))
const Palette = dynamic(() => import('./palette.tsx').then((module) => module.Palette), { ssr: false })
const ShortcutsDialog = dynamic(() => import('./shortcuts-dialog.tsx').then((module) => module.ShortcutsDialog), {
  ssr: false,
})

/** What stays while screens change: where one is, the way to elsewhere, and what is shown above all of them. `asOf`: how far events had come when the page was made. */
export function Frame({ asOf, children }: { asOf: string; children: ReactNode }) {
  const place = usePlace()
  const environment = useEnvironment()
  const [open, setOpen] = useState<'palette' | 'shortcuts' | null>(null)
  useShortcuts()
  useKeepQueries()
  useLiveCache(place.team, asOf, useMyDeployments())
  useFrameActions(setOpen)
  useEffect(watchRowKeys, [])
  return (
    <div className="grid h-dvh grid-cols-1 grid-rows-[auto_1fr_auto] overflow-hidden md:grid-cols-[208px_1fr]">
      <a
        href="#screen"
        className="sr-only z-50 rounded bg-raised px-3 py-2 focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        Skip to the screen
      </a>
      <div
        aria-hidden
        className={`absolute inset-x-0 top-0 z-30 h-0.5 ${environment === undefined ? 'bg-border-strong' : kindLine[environment.kind]}`}
      />
      <TopBar openPalette={() => setOpen('palette')} openShortcuts={() => setOpen('shortcuts')} />
      <SideNav />
      <Screen>{environment === undefined ? <GoneEnvironment /> : children}</Screen>
      <BottomBar />
      {open === 'palette' && <Palette onDismiss={() => setOpen(null)} />}
      {open === 'shortcuts' && <ShortcutsDialog onDismiss={() => setOpen(null)} />}
      <ToastArea />
    </div>
  )
}

/** The one thing that scrolls, unless a screen fills it and scrolls by itself. */
function Screen({ children }: { children: ReactNode }) {
  const scroller = useRef<HTMLElement>(null)
  useKeptScroll(scroller)
  return (
    <div className="flex min-h-0 min-w-0 flex-col md:border-l md:border-border">
      <EndingNotice />
      <main
        ref={scroller}
        id="screen"
        tabIndex={-1}
        data-scroller
        className="relative min-h-0 min-w-0 flex-1 overflow-x-hidden overflow-y-auto bg-surface outline-none"
      >
        <PlaceOf what="screen">{children}</PlaceOf>
      </main>
    </div>
  )
}

function useFrameActions(open: (what: 'palette' | 'shortcuts') => void) {
  const place = usePlace()
  const router = useRouter()
  const pathname = usePathname()
  const go: ScreenAction[] = sections.map((section) => ({
    id: `go.${section}`,
    group: 'Go to',
    title: screens[section].label,
    keys: screens[section].keys,
    icon: screens[section].icon,
    reason: pathname === paths.section(place, section) ? 'You are here' : null,
    run: () => router.push(keptHref(paths.section(place, section))),
  }))
  useActions([
    { id: 'palette', group: 'Console', title: 'Search and commands', keys: 'mod+k', run: () => open('palette') },
    { id: 'shortcuts', group: 'Console', title: 'Shortcuts', keys: '?', run: () => open('shortcuts') },
    ...go,
    {
      id: 'theme.light',
      group: 'Console',
      title: 'Light theme',
      words: 'appearance colour',
      run: () => setTheme('light'),
    },
    {
      id: 'theme.dark',
      group: 'Console',
      title: 'Dark theme',
      words: 'appearance colour',
      run: () => setTheme('dark'),
    },
    {
      id: 'times.local',
      group: 'Console',
      title: 'Local times',
      words: 'clock time zone timezone',
      run: () => setClock('local'),
    },
    {
      id: 'times.utc',
      group: 'Console',
      title: 'Times in UTC',
      words: 'clock time zone timezone',
      run: () => setClock('utc'),
    },
    {
      id: 'sign-out',
      group: 'Console',
      title: 'Sign out',
      words: 'log out logout leave exit',
      run: () => {
        signOut().then(() => location.assign(paths.signIn()), toastError)
      },
    },
    {
      id: 'theme.system',
      group: 'Console',
      title: 'Theme of the system',
      words: 'appearance colour',
      run: () => setTheme('system'),
    },
  ])
}
