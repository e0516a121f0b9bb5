'use client'
import { ChevronsUpDown, Plus } from 'lucide-react'
import { paths } from '#client/paths.ts'
import { Menu, MenuLabel, MenuLine, MenuLink } from '#components/ui/menu.tsx'
import { Logo } from './logo.tsx'
import { useViewer } from './may.ts'
import { usePlace } from './place.ts'

export function TeamSwitcher() {
  const { team } = usePlace()
  const { teams } = useViewer()
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={`Team ${team}`}
          className="flex h-[30px] min-w-0 items-center gap-2 rounded px-2 hover:bg-hover"
        >
          <Logo />
          <span className="truncate font-medium">{team}</span>
          <ChevronsUpDown aria-hidden className="size-3 shrink-0 text-muted" />
        </button>
      }
    >
      <MenuLabel>Teams</MenuLabel>
      {teams.map((each) => (
        <MenuLink
          key={each.id}
          href={paths.catalogue({ team: each.name, environment: 'production' })}
          chosen={each.name === team}
        >
          {each.name} <span className="ml-1 text-small text-muted">{each.role}</span>
        </MenuLink>
      ))}
      <MenuLine />
      <MenuLink href={paths.newTeam()} icon={<Plus />}>
        New team
      </MenuLink>
    </Menu>
  )
}
