'use client'
import { clsx } from 'clsx'
import { Ellipsis } from 'lucide-react'
import { usePathname } from 'next/navigation'
import { paths, type Section } from '#client/paths.ts'
import { Arriving } from '#components/ui/arriving.tsx'
import { Menu, MenuLink } from '#components/ui/menu.tsx'
import { PointedLink } from '#components/ui/pointed-link.tsx'
import { usePlace } from './place.ts'
import { isSection, screens } from './screens.tsx'

const inSight = ['services', 'environments', 'deployments', 'logs'] as const
const behind = ['team', 'settings'] as const
const cell =
  'flex h-14 min-w-0 flex-1 flex-col items-center justify-center gap-1 text-tiny no-underline has-data-arriving:text-text [&_svg]:size-[18px]'

/** The screens on a narrow window, where a thumb reaches them. */
export function BottomBar() {
  const place = usePlace()
  const pathname = usePathname()
  const isHere = (section: Section) => isSection(pathname, place, section)
  return (
    <nav
      aria-label="Screens"
      className="flex border-t border-border bg-raised pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {inSight.map((section) => (
        <PointedLink
          key={section}
          href={paths.section(place, section)}
          aria-current={isHere(section) ? 'page' : undefined}
          data-focus-inside
          className={clsx(cell, isHere(section) ? 'font-medium text-text' : 'text-muted')}
        >
          {screens[section].icon}
          {screens[section].label}
          <Arriving what="screen" title={screens[section].label} shape={screens[section].shape} />
        </PointedLink>
      ))}
      <Menu
        align="end"
        trigger={
          <button
            type="button"
            data-focus-inside
            className={clsx(cell, behind.some(isHere) ? 'font-medium text-text' : 'text-muted')}
          >
            <Ellipsis />
            More
          </button>
        }
      >
        {behind.map((section) => (
          <MenuLink key={section} href={paths.section(place, section)} icon={screens[section].icon}>
            {screens[section].label}
          </MenuLink>
        ))}
      </Menu>
    </nav>
  )
}
