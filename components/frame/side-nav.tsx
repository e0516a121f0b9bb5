'use client'
import { clsx } from 'clsx'
import { usePathname } from 'next/navigation'
import { paths, sections } from '#client/paths.ts'
import { Arriving } from '#components/ui/arriving.tsx'
import { PointedLink } from '#components/ui/pointed-link.tsx'
import { useKeptHrefs } from '#components/ui/kept-query.ts'
import { usePlace } from './place.ts'
import { isSection, screens } from './screens.tsx'

/** The way to every screen, on the left of a wide window. */
export function SideNav() {
  const place = usePlace()
  const pathname = usePathname()
  const kept = useKeptHrefs()
  return (
    <nav
      aria-label="Screens"
      className="group/nav row-span-2 hidden min-h-0 flex-col gap-px overflow-y-auto p-2 md:flex"
    >
      {sections.map((section) => {
        const href = paths.section(place, section)
        const here = isSection(pathname, place, section)
        const { label, icon, shape } = screens[section]
        return (
          <PointedLink
            key={section}
            href={kept(href)}
            aria-current={here ? 'page' : undefined}
            className={clsx(
              'flex h-7 items-center gap-2 rounded px-2 no-underline transition-colors duration-100 has-data-arriving:bg-chosen has-data-arriving:text-text [&_svg]:size-4',
              here
                ? 'bg-chosen font-medium text-text group-has-data-arriving/nav:not-has-data-arriving:bg-transparent'
                : 'text-muted hover:bg-hover hover:text-text',
            )}
          >
            {icon}
            {label}
            <Arriving what="screen" title={label} shape={shape} />
          </PointedLink>
        )
      })}
    </nav>
  )
}
