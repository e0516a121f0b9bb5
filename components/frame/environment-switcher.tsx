'use client'
import { clsx } from 'clsx'
import { ChevronsUpDown, Hourglass, Layers } from 'lucide-react'
import { usePathname } from 'next/navigation'
import { isEnding } from '#contract/environment-life.ts'
import { paths } from '#client/paths.ts'
import { EnvironmentShape, kindGround, kindText } from '#components/environments/environment-mark.tsx'
import { treeOf } from '#components/environments/environment-tree.ts'
import { Menu, MenuLabel, MenuLine, MenuLink } from '#components/ui/menu.tsx'
import { useNow } from '#components/ui/now.ts'
import { useEnvironments } from './environment.ts'
import { usePlace } from './place.ts'

/** Always in sight, in the colour of its kind. Another one shows the same screen. */
export function EnvironmentSwitcher() {
  const place = usePlace()
  const pathname = usePathname()
  const environments = useEnvironments()
  const now = useNow()
  const kind = environments.find(({ name }) => name === place.environment)?.kind
  return (
    <Menu
      width={256}
      trigger={
        <button
          type="button"
          aria-label={`Environment ${place.environment}`}
          className={clsx('flex h-[26px] min-w-0 items-center gap-1.5 rounded px-2', kind === undefined ? 'bg-sunken text-muted' : `${kindGround[kind]} ${kindText[kind]}`)}
        >
          {kind !== undefined && <EnvironmentShape kind={kind} />}
          <span className="truncate font-medium">{place.environment}</span>
          <ChevronsUpDown aria-hidden className="size-3 shrink-0 opacity-70" />
        </button>
      }
    >
      <MenuLabel>Environments</MenuLabel>
      {treeOf(environments).map(({ environment: { id, name, kind: own, overrides, expires }, depth }) => (
        <MenuLink key={id} href={paths.switchedTo(pathname, { team: place.team, environment: name })} chosen={name === place.environment}>
          <span className="flex items-center gap-2" style={{ paddingLeft: depth * 14 }}>
            <EnvironmentShape kind={own} />
            <span className="truncate">{name}</span>
            {isEnding(expires, now) && <Hourglass aria-label="expires within a day" className="size-3 shrink-0 text-warn" />}
            <span className="text-small text-muted">{overrides.length === 0 ? '' : overrides.length === 1 ? '1 own copy' : `${overrides.length} own copies`}</span>
          </span>
        </MenuLink>
      ))}
      <MenuLine />
      <MenuLink href={paths.environments(place)} icon={<Layers />}>All environments</MenuLink>
    </Menu>
  )
}
