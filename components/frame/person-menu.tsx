'use client'
import { Clock, Globe, Keyboard, LogOut, Monitor, Moon, Sun, UserRound } from 'lucide-react'
import { paths } from '#client/paths.ts'
import { signOut } from '#client/sign-in.ts'
import { Avatar } from '#components/ui/avatar.tsx'
import { Menu, MenuItem, MenuLabel, MenuLine, MenuLink } from '#components/ui/menu.tsx'
import { localZone, setClock, useClock } from '#components/ui/zone.ts'
import { toastError } from '#client/toasts.ts'
import { useViewer } from './may.ts'
import { usePlace } from './place.ts'
import { setTheme, useTheme } from './theme.ts'

export function PersonMenu({ openShortcuts }: { openShortcuts: () => void }) {
  const place = usePlace()
  const { person } = useViewer()
  const theme = useTheme()
  const clock = useClock()
  return (
    <Menu
      align="end"
      trigger={
        <button
          type="button"
          aria-label={`${person.name}: account, theme, sign out`}
          className="flex size-[30px] items-center justify-center rounded hover:bg-hover"
        >
          <Avatar name={person.name} />
        </button>
      }
    >
      <div className="px-2 py-1.5">
        <div className="truncate font-medium">{person.name}</div>
        <div className="truncate text-small text-muted">{person.email}</div>
      </div>
      <MenuLine />
      <MenuLink href={paths.settings(place, 'account')} icon={<UserRound />}>
        Account and sessions
      </MenuLink>
      <MenuItem icon={<Keyboard />} keys="?" onSelect={openShortcuts}>
        Shortcuts
      </MenuItem>
      <MenuLabel>Theme</MenuLabel>
      <MenuItem icon={<Monitor />} chosen={theme === 'system'} onSelect={() => setTheme('system')}>
        System
      </MenuItem>
      <MenuItem icon={<Sun />} chosen={theme === 'light'} onSelect={() => setTheme('light')}>
        Light
      </MenuItem>
      <MenuItem icon={<Moon />} chosen={theme === 'dark'} onSelect={() => setTheme('dark')}>
        Dark
      </MenuItem>
      <MenuLabel>Times</MenuLabel>
      <MenuItem icon={<Clock />} chosen={clock === 'local'} onSelect={() => setClock('local')}>
        Local ({localZone()})
      </MenuItem>
      <MenuItem icon={<Globe />} chosen={clock === 'utc'} onSelect={() => setClock('utc')}>
        UTC
      </MenuItem>
      <MenuLine />
      <MenuItem
        icon={<LogOut />}
        onSelect={() => {
          signOut().then(() => location.assign(paths.signIn()), toastError)
        }}
      >
        Sign out
      </MenuItem>
    </Menu>
  )
}
